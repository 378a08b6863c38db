# This process, from loading its application to its end.
package TSGI::Guest::Process;
use strict;
use warnings;

use Cwd ();
use Fcntl qw(F_SETFD FD_CLOEXEC);
use TSGI::Guest::Control;
use TSGI::Guest::Lane;
use TSGI::Guest::Loader;
use TSGI::Guest::Server;
use TSGI::Guest::StatusFile;
use TSGI::Guest::Wire;

# Where TSGI reads the stacks that it asks for; standard error is the application's.
use constant REPORT_DESCRIPTOR => 3;

# Serves what the options on standard input name, to the end. Our modules are in that directory.
sub main {
    my ($directory) = @_;
    my $options = do { local $/ = undef; decode_json_text(scalar readline STDIN) };
    open STDIN, '<', '/dev/null' or die "Cannot open /dev/null: $!\n";
    $| = 1;
    my $self = bless { directory => $directory, options => $options, process => $options->{process}, is_stopping => 0 }, __PACKAGE__;
    $self->{signal} = dump_stacks_when_asked();
    $SIG{PIPE} = 'IGNORE';
    prepare_search_path($options->{language}{libraries});
    $self->{control} = TSGI::Guest::Control->new($options);
    $self->{control}->open($self->{process}, $self->{signal});
    my $application = eval { $self->load } or $self->report_broken($@);
    $self->serve($application);
    return;
}

# The application, with its filters around it.
sub load {
    my ($self) = @_;
    my $language = $self->{options}{language};
    my $application;
    if (defined $language->{app}) {
        $application = TSGI::Guest::Loader::load_application($language->{app}, @{ $language->{arguments} || [] });
    }
    else {
        $self->need('Inner');
        $self->{inner} = TSGI::Guest::Inner->new;
        $application = $self->{inner}->application;
    }
    $application = TSGI::Guest::Loader::wrap($application, $_) for reverse @{ $language->{filters} || [] };
    return $application;
}

# Loads a module of ours that not every process needs.
sub need {
    my ($self, $name) = @_;
    require "$self->{directory}/TSGI/Guest/$name.pm";
    return;
}

# Tells why the application cannot be loaded, and ends.
sub report_broken {
    my ($self, $error) = @_;
    my ($kind, $message, $stack);
    if (ref $error && ref $error eq 'TSGI::Guest::Mistake') {
        ($kind, $message, $stack) = (@$error{qw(kind message)}, '');
        # The rest of what the compiler says.
        ($message, $stack) = ($1, $message) if $message =~ /\A([^\n]+)\n/;
    }
    else {
        $stack = TSGI::Guest::Server::report_of($error);
        ($message) = $stack =~ /\A([^\n]*)/;
    }
    $self->{control}->tell(BROKEN, { kind => $kind, message => $message, stack => $stack });
    exit 3;
}

# Answers requests until TSGI tells this process to stop.
sub serve {
    my ($self, $application) = @_;
    if ($self->{options}{preload}) {
        $self->need('Template');
        TSGI::Guest::Template::fork_children($self) or exit 0;
    }
    my $control = $self->{control};
    my $status  = TSGI::Guest::StatusFile->new(@{ $self->{options} }{qw(status slots answerBytes)});
    $status->take($self->{process} * $self->{options}{threads});
    my $server = TSGI::Guest::Server->new(
        application     => $application,
        is_multiprocess => $self->{options}{multiprocess},
        take_over       => sub { return $self->connection(@_) },
    );
    my $lane   = TSGI::Guest::Lane->new($control->connect, $status, sub { return $server->list_of(@_) });
    $server->set_lane($lane);
    $self->{inner}->set_lane($lane) if $self->{inner};
    $lane->open($self->{options}{token}, $self->{process});
    $self->tell_ready;
    my $is_whole = eval { $self->run($lane, $server); 1 };
    return if $is_whole;
    $control->leave if ref $@ && ref $@ eq 'TSGI::Guest::LaneClosed';
    die $@;
}

# A handle of a connection for an answer, which is opened when it is used. `begin` says for which request, or dies; `taken` hears that it is open.
sub connection {
    my ($self, $begin, $taken) = @_;
    $self->need('Connection');
    return TSGI::Guest::Connection->new(
        sub {
            my $id     = $begin->();
            my $socket = $self->{control}->connect;
            my %hello  = (protocol => PROTOCOL_VERSION, token => $self->{options}{token}, process => $self->{process} + 0, lane => 0, request => $id + 0);
            syswrite $socket, frame(HELLO, 0, '', encode_json_text(\%hello));
            # TSGI hangs up where it does not agree. From its answer on, all is the application's.
            my $header = '';
            while (length $header < HEADER_BYTES) {
                last if !sysread $socket, $header, HEADER_BYTES - length $header, length $header;
            }
            die TSGI::Guest::ClientGone->new if length $header < HEADER_BYTES || (unpack 'VVVCCv', $header)[3] != TAKEN;
            $taken->();
            return $socket;
        }
    );
}

sub run {
    my ($self, $lane, $server) = @_;
    my $control = $self->{control};
    my $wanted  = '';
    vec($wanted, fileno($_->{socket}), 1) = 1 for $control, $lane;
    my $control_number = fileno $control->{socket};
    my $lane_number    = fileno $lane->{socket};
    while (1) {
        while (my $request = $lane->next_request) {
            $server->answer(@$request);
            return $lane->leave_requests if $server->{is_finished};
        }
        # Also where only the lane matters: a read that waits is woken a second time, when TSGI has taken the last answer.
        next if select(my $ready = $wanted, undef, undef, undef) <= 0;
        if (vec $ready, $control_number, 1) {
            $control->receive;
            while (my ($type) = $control->next_message) {
                return if $type == STOP;
                $control->tell(MODULES, $self->files) if $type == LIST_MODULES;
            }
        }
        $lane->receive if vec $ready, $lane_number, 1;
    }
    return;
}

sub tell_ready {
    my ($self) = @_;
    $self->{control}->tell(READY, { pid => $$ + 0, address => undef, modules => $self->files, hooks => [] });
    return;
}

sub files {
    my ($self) = @_;
    my $language = $self->{options}{language};
    return TSGI::Guest::Loader::loaded_files($language->{app}, map { $_->{middleware} =~ m{[/.]} ? $_->{middleware} : () } @{ $language->{filters} || [] });
}

# The directories that a Perl project keeps its modules in, before all others.
sub prepare_search_path {
    my ($libraries) = @_;
    require lib;
    my $here = Cwd::getcwd();
    lib->import(grep { -d } map { Cwd::abs_path($_) || $_ } @{ $libraries || [] }, "$here/lib", "$here/local/lib/perl5");
    return;
}

# Writes what this process is doing when TSGI asks. Returns the number of the signal.
sub dump_stacks_when_asked {
    open my $report, '>&=', REPORT_DESCRIPTOR or die "Cannot open descriptor 3: $!\n";
    fcntl $report, F_SETFD, FD_CLOEXEC;
    # A real-time signal, where there is one: the others may be the application's.
    my ($name, $number) = exists $SIG{NUM61} ? ('NUM61', 61) : ('USR2', $^O eq 'linux' ? 12 : 31);
    $SIG{$name} = sub {
        require Carp;
        syswrite $report, Carp::longmess('Stack');
    };
    return $number;
}

1;
