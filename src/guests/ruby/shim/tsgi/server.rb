# Answers the requests of a lane, one after another.

require_relative "answer"
require_relative "environment"
require_relative "hijack"
require_relative "lane"

module TSGI
  class Server
    # A report of an exception is cut.
    REPORT_CHARACTERS = 65_536
    # So is its one line, which is a head.
    LINE_CHARACTERS = 4096
    RETIRING = [SystemExit, NoMemoryError, SignalException].freeze

    # Serves an application on a lane. `door` opens connections that it takes over; nil for none. The other keywords are those of the
    # environment.
    def initialize(lane, application, door: nil, **facts)
      @lane = lane
      @application = application
      @door = door
      @environment = Environment.new(lane, hijack: !door.nil?, **facts)
    end

    # Answers requests until TSGI hangs up.
    def run
      Thread.current.thread_variable_set(:tsgi_lane, @lane)
      @is_answering = false
      loop { answer(*@lane.next_request(@environment)) }
    rescue LaneClosed
      @is_answering = false
    rescue Exception # rubocop:disable Lint/RescueException -- a report found no memory, for example
      # Nobody would answer on this lane any more. TSGI answers for the process, and starts another.
      exit!(1)
    ensure
      go_on_in_another_thread if @is_answering
    end

    # One request that is begun: its id, head, body, flags, and number of pairs or list of keys.
    def answer(_id, head, body, flags, known)
      @is_answering = true
      answer = Answer.new(@lane)
      env = input = hijack = response = error = nil
      begin
        env = @environment.of(head, body, flags, known)
        input = env["rack.input"]
        env["rack.early_hints"] = ->(headers) { answer.hint(headers) } if flags & Wire::HAS_HINTS != 0
        env["rack.hijack"] = hijack = Hijack.new(@lane, @door, env, answer) if env["rack.hijack?"]
        response = @application.call(env)
        # What it returns does not count then.
        hijack&.taken? ? answer.leave : answer.send_response(response, hijack, input)
      rescue LaneClosed
        raise
      rescue Exception => e # rubocop:disable Lint/RescueException -- whatever an application raises is the end of its request only
        error = e
        report(answer, hijack&.taken? ? Hijack.told(e) : e)
        hijack.close if hijack&.taken?
      ensure
        # The application has killed its thread.
        answer.fail("The application has ended the thread of its request", "", Wire::RETIRE) unless answer.over?
        clean_up(env, response, error)
        # Otherwise a temporary file would stay until the next collection of garbage.
        attempt("The input could not be closed") { input.close } unless input.nil? || input.is_a?(StringIO)
        @lane.finish
      end
      @is_answering = false
    end

    # What an exception says, whatever it does when it is asked; both ends of a long one.
    def self.report_of(error)
      text = begin
        error.full_message(highlight: false, order: :top)
      rescue StandardError, ScriptError, SystemStackError => e
        "#{error.class}, which cannot be written because of #{e.class}"
      end
      text = text.dup.force_encoding(Encoding::UTF_8).scrub("?")
      half = REPORT_CHARACTERS / 2
      text.length > 2 * half ? "#{text[0, half]}\n[left out]\n#{text[-half..-1]}" : text
    end

    # What it says in one line.
    def self.line_of(error)
      line = error.message.to_s.lines.first.to_s.strip.dup.force_encoding(Encoding::UTF_8).scrub("?")
      "#{line[0, LINE_CHARACTERS]} (#{error.class})"
    rescue StandardError, ScriptError, SystemStackError
      # A class that is made while the application runs has no name.
      error.class.to_s
    end

    private

    # TSGI sends requests on this lane until it has another process, and nobody would answer them.
    def go_on_in_another_thread
      name = Thread.current.name
      Thread.new { run }.name = name
    rescue ThreadError
      # The process ends.
      nil
    end

    def report(answer, error)
      return answer.fail("", "", Wire::GONE) if error.is_a?(ClientGone) && !answer.over?

      text = self.class.report_of(error)
      if answer.over?
        @lane.log("The application failed after its answer was complete: #{text}")
      else
        answer.fail(self.class.line_of(error), text, RETIRING.any? { |each| error.is_a?(each) } ? Wire::RETIRE : 0)
      end
    end

    # What is done exactly once, whatever has happened: the body is closed, and those who wait for the end hear of it.
    def clean_up(env, response, error)
      status, headers, body = response.is_a?(Array) ? response : response.respond_to?(:to_ary) ? response.to_ary : nil
      attempt("The body's close failed") { body.close } if body.respond_to?(:close)
      return if env.nil?

      finished = env["rack.response_finished"]
      replied = env["rack.after_reply"]
      call_finished(finished, env, status, headers, error) unless finished.nil? || finished.empty?
      replied.each { |each| attempt("A function of rack.after_reply failed") { each.call } } unless replied.nil? || replied.empty?
    end

    def call_finished(functions, env, status, headers, error)
      functions.reverse_each do |each|
        attempt("A function of rack.response_finished failed") { each.call(env, status, headers, error) }
      end
    end

    def attempt(what)
      yield
    rescue StandardError => e
      @lane.log("#{what}: #{self.class.report_of(e)}")
    end
  end
end
