require_relative "host"
require_relative "../tsgi/loader"
require "tmpdir"

# What only a filter of these tests is.
class Around
  attr_reader :inside, :options

  def initialize(inside, **options)
    @inside = inside
    @options = options
  end

  def call(env)
    @inside.call(env)
  end
end

# And what is none.
module Nothing
  def self.new(_inside)
    42
  end
end

class LoaderTest < Minitest::Test
  include TSGI

  INSIDE = ->(_) { [200, {}, []] }

  def loaded(text)
    Dir.mktmpdir do |directory|
      path = File.join(directory, "config.ru")
      File.write(path, text)
      Loader.load_application(path)
    end
  end

  def test_a_file_of_rack_gives_an_application
    application = nil
    # Rack 2 warns of such a line.
    capture_io { application = loaded("#\\ -p 1 -o nowhere\nrun ->(_) { [200, {}, ['x']] }") }
    assert_equal([200, {}, ["x"]], application.call({}))
  end

  def test_what_is_missing_is_a_mistake_with_a_kind
    assert_equal("not-found", assert_raises(Mistake) { Loader.load_application("no-such.ru") }.kind)
    assert_equal("not-found", assert_raises(Mistake) { Loader.wrap(INSIDE, { "middleware" => "No::Such" }) }.kind)
    assert_equal("not-found", assert_raises(Mistake) { Loader.wrap(INSIDE, { "middleware" => "system('id')" }) }.kind)
    assert_raises(SyntaxError) { loaded("run ->(_) { ] }") }
  end

  def test_a_filter_gets_its_arguments_as_keywords
    made = Loader.wrap(INSIDE, { "middleware" => "Around", "arguments" => { "depth" => "2" } })
    assert_equal([INSIDE, { depth: "2" }], [made.inside, made.options])
    assert_equal({}, Loader.wrap(INSIDE, { "middleware" => "Around" }).options)
  end

  def test_a_filter_that_makes_no_application_is_named
    error = assert_raises(TypeError) { Loader.wrap(INSIDE, { "middleware" => "Nothing" }) }
    assert_equal('The middleware "Nothing" made 42, expected an application', error.message)
  end

  def test_the_files_for_a_watcher_are_the_applications_own
    files = Tempfile.create(["app", ".ru"]) { |file| Loader.loaded_files(file.path, nil).tap { |own| assert_includes(own, file.path) } }
    assert(files.all? { |path| path.start_with?("/") })
    assert_empty(files.grep(%r{/shim/tsgi/}))
  end
end
