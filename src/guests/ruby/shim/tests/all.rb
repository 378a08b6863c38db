# Runs all tests of the Ruby side of a lane: ruby all.rb, or ruby all.rb -n /split/ for some.

require "minitest/autorun"

Dir["#{__dir__}/*_test.rb"].sort.each { |path| require path }
