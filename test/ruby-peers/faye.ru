# A WebSocket and a stream of events by faye-websocket, which waits for all its sockets in one loop of EventMachine.

require "eventmachine"
require "faye/websocket"

Thread.new { EventMachine.run }
sleep 0.01 until EventMachine.reactor_running?
$closed = 0

run lambda { |env|
  if Faye::WebSocket.websocket?(env)
    socket = Faye::WebSocket.new(env)
    socket.on(:message) { |event| socket.send("heard #{event.data}") }
    socket.on(:close) { $closed += 1 }
    socket.rack_response
  elsif Faye::EventSource.eventsource?(env)
    events = Faye::EventSource.new(env)
    %w[one two].each { |each| events.send(each) }
    EventMachine.add_timer(0.1) { events.close }
    events.rack_response
  else
    [200, { "Content-Type" => "text/plain" }, [$closed.to_s]]
  end
}
