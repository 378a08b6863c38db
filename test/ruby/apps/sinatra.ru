require "sinatra/base"

class Example < Sinatra::Base
  set :environment, :production
  enable :sessions
  set :session_secret, "0" * 64

  get("/hello/:name") { "hello #{params[:name]}" }
  post("/form") { "got #{params[:text]}" }
  get("/away") { redirect "/hello/you" }
  get("/count") { (session[:count] = session[:count].to_i + 1).to_s }
  get("/file") { send_file File.expand_path("sinatra.ru", __dir__), type: :text }
  get("/stream") { stream { |out| 3.times { |number| out << "part #{number} " } } }
  get("/fault") { raise "on purpose" }
end

run Example
