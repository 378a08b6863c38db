require "rails"
require "active_record/railtie"
require "action_controller/railtie"

module Notebook
  class Application < Rails::Application
    config.load_defaults Rails::VERSION::STRING.to_f
    config.eager_load = true
    config.logger = ActiveSupport::Logger.new($stderr)
    config.log_level = :info
    config.session_store :cookie_store, key: "_notebook"
    config.consider_all_requests_local = false
  end
end
