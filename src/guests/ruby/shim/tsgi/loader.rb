# Loads an application and the middleware around it.

module TSGI
  # What is wrong with the target, of a kind that BROKEN names.
  class Mistake < StandardError
    attr_reader :kind

    def initialize(kind, message)
      super(message)
      @kind = kind
    end
  end

  module Loader
    # The gems of a Gemfile beside the application, where there is one.
    def self.set_up_bundler
      gemfile = ENV["BUNDLE_GEMFILE"] || File.expand_path("Gemfile")
      return unless File.file?(gemfile)

      ENV["BUNDLE_GEMFILE"] = gemfile
      require "bundler/setup"
    end

    # The application of a `.ru` file.
    def self.load_application(name)
      path = File.expand_path(name)
      raise Mistake.new("not-found", "The file \"#{name}\" does not exist") unless File.file?(path)

      require_rack
      # Rack 2 returns the options of the first line as well; what they say of a server is TSGI's to decide.
      application = Array(Rack::Builder.parse_file(path)).first
      raise Mistake.new("no-attribute", "The file \"#{name}\" has no run") unless application.respond_to?(:call)

      application
    end

    # Wraps an application: with a class, whose file is required where it is not known, or with what a file defines.
    def self.wrap(application, filter)
      name, file, arguments = filter.values_at("middleware", "require", "arguments")
      require_rack
      require(file.start_with?(".") ? File.expand_path(file) : file) if file
      options = (arguments || {}).transform_keys(&:to_sym)
      made = options.empty? ? constant(name).new(application) : constant(name).new(application, **options)
      raise TypeError, "The middleware \"#{name}\" made #{made.inspect}, expected an application" unless made.respond_to?(:call)

      made
    end

    def self.constant(name)
      raise Mistake.new("not-found", "The middleware \"#{name}\" is no name of a class") unless name.match?(/\A[A-Z]\w*(::[A-Z]\w*)*\z/)

      Object.const_get(name)
    rescue NameError => e
      raise Mistake.new("not-found", "The middleware \"#{name}\" does not exist: #{e.message.lines.first.strip}")
    end

    def self.require_rack
      require "rack"
    rescue LoadError
      raise Mistake.new("not-found", "The gem \"rack\" is not installed; add it to the Gemfile, or install it")
    end

    # The files of the application that are loaded now, for a watcher.
    def self.loaded_files(*more)
      own = File.expand_path("..", __dir__)
      (more.compact.map { |path| File.expand_path(path) } + $LOADED_FEATURES).select { |path| path.end_with?(".rb", ".ru") && !path.start_with?(own) && File.file?(path) }.uniq.sort
    end
  end
end
