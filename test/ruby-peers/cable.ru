# ActionCable without the rest of Rails: a room in which everybody hears what one says.

require "action_cable"
require "logger"

module ApplicationCable
  class Connection < ActionCable::Connection::Base
    identified_by :name

    def connect
      self.name = request.params["name"] or reject_unauthorized_connection
    end
  end
end

class RoomChannel < ActionCable::Channel::Base
  def subscribed
    stream_from("room")
  end

  def say(data)
    ActionCable.server.broadcast("room", { from: name, text: data["text"] })
  end
end

ActionCable.server.config.tap do |config|
  config.cable = { "adapter" => "async" }
  config.logger = Logger.new(IO::NULL)
  config.connection_class = -> { ApplicationCable::Connection }
  config.disable_request_forgery_protection = true
  config.worker_pool_size = 2
end

map("/cable") { run ActionCable.server }
run ->(_) { [200, { "Content-Type" => "text/plain" }, [ActionCable.server.connections.size.to_s]] }
