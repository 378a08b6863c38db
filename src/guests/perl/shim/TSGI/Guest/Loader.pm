# Loads an application and the middleware around it.
package TSGI::Guest::Loader;
use strict;
use warnings;

use Cwd ();
use Scalar::Util qw(blessed);

# The application that a file ends with, as a reference to code. Like plackup: the file is run under its own name, in a package of its own.
# Dies with a TSGI::Guest::Mistake where the file is missing or is no application.
sub load_application {
    my ($file, @arguments) = @_;
    my $application = run_file($file, @arguments);
    return code_of($application)
        || die TSGI::Guest::Mistake->new('no-attribute', "The file \"$file\" ends with " . described($application) . ', expected a PSGI application (a reference to code)');
}

# Wraps an application: with a class (`Runtime` is Plack::Middleware::Runtime, `+My::Class` is My::Class) or a file that ends with a
# function of the application and the arguments.
sub wrap {
    my ($application, $filter) = @_;
    my ($name, $arguments) = @$filter{qw(middleware arguments)};
    my @arguments = map { $_ => $arguments->{$_} } sort keys %{ $arguments || {} };
    if ($name =~ m{[/.]}) {
        my $make = code_of(run_file($name)) || die TSGI::Guest::Mistake->new('no-attribute', "The file \"$name\" ends with no function, expected one that takes an application and returns another");
        return code_of($make->($application, @arguments)) || die "The function of \"$name\" returned no application\n";
    }
    my $class = $name =~ /\A\+(.*)/s ? $1 : $name =~ /\APlack::Middleware::/ ? $name : "Plack::Middleware::$name";
    die TSGI::Guest::Mistake->new('not-found', "The middleware \"$name\" is no name of a class") if $class !~ /\A\w+(?:::\w+)*\z/;
    (my $path = "$class.pm") =~ s{::}{/}g;
    require $path;
    return code_of($class->wrap($application, @arguments)) || die "$class->wrap returned no application\n";
}

# What a file evaluates to.
sub run_file {
    my ($name, @arguments) = @_;
    my $file = Cwd::abs_path($name);
    die TSGI::Guest::Mistake->new('not-found', "The file \"$name\" does not exist") if !defined $file || !-f $file;
    die TSGI::Guest::Mistake->new('not-found', "The file \"$name\" cannot be read: $!") if !-r $file;
    # Programs look for their own place there, and FindBin looks only once.
    $0 = $file;
    @ARGV = @arguments;
    FindBin::again() if defined &FindBin::again;
    my ($value, $error) = TSGI::Guest::Sandbox::run($file);
    return $value if defined $value;
    die $error if ref $error;
    die TSGI::Guest::Mistake->new('syntax', $error) if $error =~ /^(?:syntax error|.* had compilation errors|Global symbol|Bareword|Missing right curly|Can't find string terminator)/m;
    die $error if $error ne '';
    return undef;
}

# Code that behaves as an application, or undef.
sub code_of {
    my ($value) = @_;
    return $value if ref $value eq 'CODE';
    return if !defined blessed $value;
    return $value->to_app if $value->can('to_app');
    return $value if !overload::Method($value, '&{}');
    return \&$value;
}

sub described {
    my ($value) = @_;
    return 'nothing' if !defined $value;
    return ref $value ? 'a reference of the kind ' . ref $value : "the value '$value'";
}

# The files of the application that are loaded now, for a watcher.
sub loaded_files {
    my (@more) = @_;
    my %files;
    for my $path (@more, values %INC) {
        next if !defined $path || ref $path || $path =~ m{/TSGI/Guest/};
        my $file = Cwd::abs_path($path);
        $files{$file} = 1 if defined $file && -f $file;
    }
    return [ sort keys %files ];
}

package TSGI::Guest::Mistake;

# What is wrong with the target, of a kind that BROKEN names.
sub new {
    my ($class, $kind, $message) = @_;
    chomp $message;
    return bless { kind => $kind, message => $message }, $class;
}

package TSGI::Guest::Sandbox;

# What a file ends with, and why it does not compile or has died. Nothing of this file's scope may reach it.
no strict;
no warnings;

my $count = 0;
our $error;

sub run {
    my $number = ++$count;
    my $value = eval sprintf q{package TSGI::Guest::Sandbox::File%d; my $value = do $_[0]; $error = $@; $value}, $number;
    return ($value, $error);
}

1;
