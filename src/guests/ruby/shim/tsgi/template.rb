# The process with a preloaded application, from which those that serve are forked.

require_relative "wire"

module TSGI
  class Template
    def initialize(process)
      @process = process
      @control = process.control
    end

    # Forks at each request of TSGI. True in each child; false in the template, when it is told to stop.
    def fork_children
      Process.respond_to?(:warmup) ? Process.warmup : GC.start
      @process.tell_ready
      loop do
        reap
        # A child may end at any time: it is seen at the latest a second later.
        next unless @control.ready?(1)

        type, message = @control.hear
        return false if type == Wire::STOP

        @control.tell(Wire::MODULES, @process.files) if type == Wire::LIST_MODULES
        return true if type == Wire::FORK && child?(message["process"])
      end
    end

    private

    def child?(number)
      return false if fork

      @process.become(number)
      Random.srand
      true
    end

    # Tells which children have ended.
    def reap
      while (pid = Process.wait(-1, Process::WNOHANG))
        status = $?
        @control.tell(Wire::EXITED, pid: pid, status: status.signaled? ? -status.termsig : status.exitstatus)
      end
    rescue Errno::ECHILD
      nil
    end
  end
end
