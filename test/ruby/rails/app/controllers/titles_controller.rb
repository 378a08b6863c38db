# A stream: one title at a time.
class TitlesController < ActionController::Base
  include ActionController::Live

  def index
    response.headers["Content-Type"] = "text/event-stream"
    # Otherwise Rack::ETag reads the whole body first.
    response.headers["Last-Modified"] = Time.now.httpdate
    Note.order(:id).each { |note| response.stream.write("data: #{note.title}\n\n") }
  ensure
    response.stream.close
  end
end
