# This process, from loading its application to its end.

require_relative "control_channel"
require_relative "loader"
require_relative "server"
require_relative "status_file"

module TSGI
  class GuestProcess
    # Where TSGI reads the stacks that it asks for; standard error is the application's.
    REPORT_DESCRIPTOR = 3
    # A real-time signal, where there is one: the others may be the application's.
    DUMP_SIGNAL = RUBY_PLATFORM.include?("linux") ? 61 : Signal.list["USR2"]

    attr_reader :control

    def initialize
      @options = JSON.parse($stdin.read)
      $stdin.reopen(File::NULL)
      $stdout.sync = $stderr.sync = true
      @process = @options["process"]
      @language = @options["language"]
      @control = ControlChannel.new(@options)
    end

    # Serves what the options name, to the end.
    def run
      dump_stacks_when_asked
      limit_memory
      @control.open(@process, DUMP_SIGNAL)
      application = load
      serve(application) if forked?
    end

    def tell_ready
      @control.tell(Wire::READY, pid: Process.pid, address: nil, modules: files, hooks: [])
    end

    def files
      Loader.loaded_files(@language["app"])
    end

    # In a process that was forked.
    def become(number)
      @process = number
      @control.open(number, DUMP_SIGNAL)
    end

    private

    # The application, with its filters around it.
    def load
      ARGV.replace(@language["arguments"] || [])
      Loader.set_up_bundler
      application = @language["app"] ? Loader.load_application(@language["app"]) : inner
      (@language["filters"] || []).reverse.reduce(application) { |inside, filter| Loader.wrap(inside, filter) }
    rescue Exception => e # rubocop:disable Lint/RescueException -- TSGI says why, whatever it is
      @control.tell(Wire::BROKEN, message: message_of(e), stack: e.is_a?(Mistake) ? "" : Server.report_of(e), kind: kind_of(e))
      exit!(3)
    end

    def inner
      require_relative "inner_application"
      InnerApplication.new
    end

    def message_of(error)
      error.is_a?(Mistake) ? error.message : Server.line_of(error)
    end

    def kind_of(error)
      return error.kind if error.is_a?(Mistake)

      error.is_a?(SyntaxError) ? "syntax" : nil
    end

    # Whether this process serves: always, but for the one that others are forked from.
    def forked?
      return true unless @options["preload"]

      require_relative "template"
      Template.new(self).fork_children
    end

    def serve(application)
      count, slots = @options.values_at("threads", "slots")
      # After a fork: two processes with one descriptor would be in each other's way.
      places = StatusFile.open(@options["status"], slots, @options["answerBytes"])
      lanes = Array.new(count) { |index| Lane.new(@control.connect, places.of(@process * count + index)) }
      facts = { multithread: count > 1, multiprocess: @options["multiprocess"] }
      threads = lanes.each_with_index.map do |lane, index|
        lane.open(@options["token"], @process, index)
        Thread.new { Server.new(lane, application, door: door(index), **facts).run }.tap { |thread| thread.name = "tsgi-lane-#{index}" }
      end
      tell_ready
      obey
      lanes.each(&:stop)
      threads.each(&:join)
    end

    # Where the application of a lane gets connections of its own.
    def door(index)
      path = @options["socket"]
      Hijack::Door.new(-> { UNIXSocket.new(path) }, { protocol: Wire::PROTOCOL_VERSION, token: @options["token"], process: @process, lane: index })
    end

    # Follows the control channel until it tells this process to stop.
    def obey
      loop do
        type, = @control.hear
        return if type == Wire::STOP

        @control.tell(Wire::MODULES, files) if type == Wire::LIST_MODULES
      end
    end

    # Ruby raises NoMemoryError when it gets no more.
    def limit_memory
      limit = @options["memoryLimitBytes"]
      Process.setrlimit(:DATA, limit, limit) if limit
    end

    # Writes what all threads are doing when TSGI asks.
    def dump_stacks_when_asked
      report = IO.for_fd(REPORT_DESCRIPTOR, "w")
      report.close_on_exec = true
      Signal.trap(DUMP_SIGNAL) do
        lines = Thread.list.flat_map { |thread| ["Thread #{thread.name || thread.inspect}:", *thread.backtrace.to_a.map { |line| "  #{line}" }] }
        report.syswrite("#{lines.join("\n")}\n")
      end
    end
  end
end
