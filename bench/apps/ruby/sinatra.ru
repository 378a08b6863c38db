# frozen_string_literal: true
# The hello of the benchmarks in Sinatra.
require "sinatra/base"

class Hello < Sinatra::Base
  set :environment, :production
  set :host_authorization, { permitted_hosts: [] }
  get "/hello" do
    content_type "text/plain"
    "Hello, World!"
  end
end

run Hello
