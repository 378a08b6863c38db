# Below /ruby, in Ruby.

run(lambda do |env|
  [200, { "content-type" => "text/plain; charset=utf-8" }, ["Ruby: #{env['PATH_INFO']} below #{env['SCRIPT_NAME']}\n"]]
end)
