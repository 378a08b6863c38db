# The Ruby side of a lane: loads one Rack application and serves it to TSGI. Standard library only, Ruby 2.6 and later.
#
# The process reads its options as JSON from standard input, connects one Unix stream socket as its control channel and one per thread as a
# lane, and answers requests until TSGI hangs up. The frames are described in docs/lane-protocol.md; the semantics are those of Rack 2 and 3.

require_relative "tsgi/guest_process"

TSGI::GuestProcess.new.run
