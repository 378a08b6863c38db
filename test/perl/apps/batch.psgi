# Notes each request in a file, and then does what its path says.
use Fcntl qw(O_APPEND O_CREAT O_WRONLY);

sub ok { return [ 200, [ 'Content-Type' => 'text/plain' ], [@_] ] }

my %answers = (
    '/hello'    => sub { ok($_[0]{QUERY_STRING}) },
    '/die'      => sub { kill 'KILL', $$; sleep 10 },
    '/stop'     => sub { kill 'STOP', $$; ok('went on') },
    '/wait'     => sub { select undef, undef, undef, 0.01 until -e $ENV{RELEASE}; ok('released') },
    '/stream'   => sub {
        return sub {
            my $writer = $_[0]->([ 200, [ 'Content-Type' => 'text/plain' ] ]);
            $writer->write('begun ');
            select undef, undef, undef, 0.01 until -e $ENV{RELEASE};
            $writer->write('released');
            $writer->close;
        };
    },
    '/half'     => sub {
        return sub {
            my $writer = $_[0]->([ 200, [ 'Content-Type' => 'text/plain' ] ]);
            $writer->write('half');
            kill 'KILL', $$;
        };
    },
    '/errors'   => sub { $_[0]{'psgi.errors'}->print("noted $_[0]{QUERY_STRING}\n"); ok($_[0]{QUERY_STRING}) },
    '/raise'    => sub { die "on purpose\n" },
    '/harakiri' => sub { $_[0]{'psgix.harakiri.commit'} = 1; ok($_[0]{QUERY_STRING}) },
    '/fork'     => sub { my $pid = fork; if (!$pid) { return ok('child') } waitpid $pid, 0; ok('parent') },
);

sub {
    my ($env) = @_;
    sysopen my $notes, $ENV{NOTES}, O_WRONLY | O_APPEND | O_CREAT;
    syswrite $notes, "$env->{QUERY_STRING}\n";
    return $answers{ $env->{PATH_INFO} }->($env);
};
