# frozen_string_literal: true
# The hello of the benchmarks as a Rack application.
HEADERS = { "content-type" => "text/plain", "content-length" => "13" }.freeze
run ->(_env) { [200, HEADERS.dup, ["Hello, World!"]] }
