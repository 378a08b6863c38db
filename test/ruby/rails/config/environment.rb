require_relative "application"

Rails.application.initialize!

ActiveRecord::Schema.verbose = false
ActiveRecord::Schema.define do
  create_table :notes, if_not_exists: true do |table|
    table.string :title, null: false
    table.timestamps
  end
end
