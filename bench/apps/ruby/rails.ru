# frozen_string_literal: true
# The hello of the benchmarks in Rails.
require "action_controller/railtie"

class Hello < Rails::Application
  config.eager_load = true
  config.secret_key_base = "f" * 64
  config.hosts.clear
  config.logger = Logger.new(nil)
  routes.append { get "/hello", to: "hello#show" }
end

class HelloController < ActionController::Base
  def show
    render plain: "Hello, World!"
  end
end

Hello.initialize!
run Hello
