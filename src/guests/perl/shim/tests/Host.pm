# TSGI's side of a lane, for tests: a real socket and a real status file, whose other end is a real lane in this process.
package Host;
use strict;
use warnings;

use Exporter 'import';
use File::Basename qw(dirname);
use File::Temp ();
use IO::Handle ();
use Socket qw(AF_UNIX SOCK_STREAM MSG_DONTWAIT);
use lib dirname(__FILE__) . '/..';
use TSGI::Guest::Lane;
use TSGI::Guest::Server;
use TSGI::Guest::StatusFile;
use TSGI::Guest::Wire;

use constant { ANSWER_BYTES => 256, STARTED => 0, ABORTED => 4, KEPT => 8, RECALLED => 8 + 256 };

our @EXPORT = qw(ANSWER_BYTES STARTED ABORTED KEPT RECALLED answered failure types told);

# With the application that is served, if there is one.
sub new {
    my ($class, $application) = @_;
    my $file = File::Temp->new;
    binmode $file;
    syswrite $file, "\xff" x (12 + ANSWER_BYTES);
    socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, 0) or die "Cannot make sockets: $!";
    my $status = TSGI::Guest::StatusFile->new($file->filename, 1, ANSWER_BYTES);
    $status->take(0);
    my $server = TSGI::Guest::Server->new(application => $application, is_multiprocess => 1);
    my $lane   = TSGI::Guest::Lane->new($theirs, $status, sub { return $server->list_of(@_) });
    $server->set_lane($lane);
    return bless { file => $file, socket => $ours, lane => $lane, server => $server, rest => '' }, $class;
}

# Sends a frame.
sub say {
    my ($self, $type, $head, $body, %more) = @_;
    $self->write(frame($type, $more{id} // 1, $head // '', $body // '', $more{flags}, $more{aux}));
    return;
}

sub write {
    my ($self, $bytes) = @_;
    syswrite($self->{socket}, $bytes) == length $bytes or die "More than the socket takes";
    return;
}

# Sends a request with these pairs.
sub request {
    my ($self, $environ, $body, %more) = @_;
    my @words = map { ($_, $environ->{$_}) } sort keys %$environ;
    $self->say(REQUEST, join('', map { "$_\0" } @words), $body, aux => @words / 2, %more);
    return;
}

# The next request, as the lane hands it out; waits for it.
sub begun {
    my ($self) = @_;
    while (1) {
        my $request = $self->{lane}->next_request;
        return $request if $request;
        $self->{lane}->receive;
    }
}

# Lets the application answer one request that was sent.
sub serve {
    my ($self) = @_;
    $self->{server}->answer(@{ $self->begun });
    return;
}

# All frames that the lane has sent meanwhile.
sub frames {
    my ($self) = @_;
    my $piece;
    while (defined recv $self->{socket}, $piece, 1_000_000, MSG_DONTWAIT) {
        last if $piece eq '';
        $self->{rest} .= $piece;
    }
    my @frames;
    while (length $self->{rest} >= 16) {
        my ($length, $id, $head, $type, $flags, $aux) = unpack 'VVVCCv', $self->{rest};
        last if length $self->{rest} < 16 + $length;
        my $payload = substr substr($self->{rest}, 0, 16 + $length, ''), 16;
        push @frames, { type => $type, id => $id, head => substr($payload, 0, $head), body => substr($payload, $head), flags => $flags, aux => $aux };
    }
    return @frames;
}

# A word of the status file.
sub word {
    my ($self, $position) = @_;
    sysseek $self->{file}, $position, 0;
    sysread $self->{file}, my ($word), 4;
    return unpack 'L', $word;
}

sub write_word {
    my ($self, $position, $number) = @_;
    sysseek $self->{file}, $position, 0;
    syswrite $self->{file}, pack 'L', $number;
    return;
}

# The answers that the lane keeps back, as TSGI reads them.
sub kept {
    my ($self) = @_;
    my $length = $self->word(KEPT);
    sysread $self->{file}, my ($bytes), $length;
    return $bytes;
}

# Lets a new lane forget how much time has passed on this machine.
sub hurry {
    my ($self) = @_;
    $self->{lane}{sent_at} = 9**9**9;
    return;
}

# What an application answers to one request.
sub answered {
    my ($application, %more) = @_;
    my $host = Host->new($application);
    $more{prepare}->($host) if $more{prepare};
    $host->request($more{environ} || { PATH_INFO => '/' }, $more{body}, flags => $more{flags});
    $host->serve;
    return $host->frames;
}

# The line of the failure that an application ends in.
sub failure {
    my ($application, %more) = @_;
    my @frames = answered($application, %more);
    return @frames == 1 && $frames[0]{type} == FAIL ? $frames[0]{head} : 'types ' . join ', ', map { $_->{type} } @frames;
}

sub types { return [ map { $_->{type} } @_ ] }

# Of each frame its type, its body, and whether it is the last of its answer.
sub told {
    return [ map { [ $_->{type}, $_->{body}, $_->{flags} & END_FLAG ? 1 : 0 ] } @_ ];
}

1;
