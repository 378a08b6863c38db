use strict;
use warnings;
use FindBin ();
use lib $FindBin::Bin;
use File::Temp qw(tempdir);
use Host;
use Socket qw(AF_UNIX SOCK_STREAM pack_sockaddr_un);
use Test::More;
use TSGI::Guest::Control;
use TSGI::Guest::Wire;

# A directory with a socket that TSGI listens on, and a channel to it.
sub listening {
    my $directory = tempdir(CLEANUP => 1);
    socket my $server, AF_UNIX, SOCK_STREAM, 0 or die "Cannot make a socket: $!";
    bind $server, pack_sockaddr_un("$directory/socket") and listen $server, 16 or die "Cannot listen: $!";
    open my $status, '>', "$directory/status" or die "Cannot write: $!";
    return ($directory, $server, TSGI::Guest::Control->new({ socket => "$directory/socket", status => "$directory/status", token => 'secret' }));
}

my (undef, $server, $control) = listening();
$control->open(2, 61);
accept my $socket, $server or die;
sysread $socket, my ($header), 16;
my ($length, $id, $head, $type) = unpack 'VVVC', $header;
sysread $socket, my ($text), $length;
is_deeply [ $type, $id, $head ], [ HELLO, 0, 0 ], 'it introduces the process';
my $hello = decode_json_text($text);
is_deeply [ @$hello{qw(protocol token process lane pid language dump)} ], [ 1, 'secret', 2, -1, $$, 'Perl', { signal => 61, format => 'lines' } ], 'and says what it is';

my $stream = frame(FORK, 0, '', '{"process":4}') . frame(STOP, 0, '', '');
my @bad = grep {
    my @heard;
    for my $piece (grep { $_ ne '' } substr($stream, 0, $_), substr $stream, $_) {
        syswrite $socket, $piece;
        $control->receive;
        while (my ($kind, $message) = $control->next_message) { push @heard, [ $kind, $message ] }
    }
    !(@heard == 2 && $heard[0][0] == FORK && $heard[0][1]{process} == 4 && $heard[1][0] == STOP && !defined $heard[1][1]);
} 0 .. length $stream;
is_deeply \@bad, [], 'messages may be split at every byte';

# The end of the channel ends its process, and the last one clears up after a TSGI that was killed.
for my $case ([ 'while it waits', sub { $_[0]->receive while 1 } ], TSGI::Guest::Control::ASYNC() ? [ 'while it works', sub { 1 while 1 } ] : ()) {
    my ($when, $work) = @$case;
    my ($directory, $listening, $channel) = listening();
    my $pid = fork;
    if (!$pid) {
        close $listening;
        open my $note, '>', "$directory/process-$$" or die "Cannot write: $!";
        $channel->open(3, 61);
        $work->($channel);
        require POSIX;
        POSIX::_exit(7);
    }
    accept my $theirs, $listening or die "Cannot accept: $!";
    sysread $theirs, my ($greeting), 16;
    close $listening;
    close $theirs;
    waitpid $pid, 0;
    is $?, 0, "the end of the channel ends its process $when";
    ok !-e $directory, "and it leaves nothing $when";
}

done_testing;
