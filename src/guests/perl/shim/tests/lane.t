use strict;
use warnings;
use FindBin ();
use lib $FindBin::Bin;
use Host;
use List::Util qw(sum);
use Test::More;
use TSGI::Guest::Wire;

# Requests around frames for the one that is running, 7, and one for a request that is over.
my $STREAM = join '', frame(KEYS, 0, '', "A\0B", 0, 3), frame(REQUEST, 1, "A\0001\0", 'body', 0, 1), frame(BODY, 7, '', 'piece'),
    frame(BODY, 6, '', 'of another'), frame(REQUEST, 2, "x\0y\0", '', KEYED, 3), frame(BODY, 7, '', '', END_FLAG);

# Receives each piece by itself. Whether all frames have come.
sub is_received {
    my (@pieces) = @_;
    my $host = Host->new;
    my $lane = $host->{lane};
    $lane->{current} = 7;
    for my $piece (grep { $_ ne '' } @pieces) {
        $host->write($piece);
        $lane->receive;
    }
    my @mail = map { [ $lane->wait_for(0, BODY) ] } 1, 2;
    my ($one, $two) = @{ $lane->{pending} };
    my $got = join '|', map({ join ',', @$_ } @mail), @$one, @$two[ 0 .. 3 ], @{ $two->[4][1] }[ 0 .. $two->[4][0] - 1 ];
    return $got eq join '|', '2,piece,0,0', '2,,0,1', 1, 4, "A\0001\0body", 0, 1, 2, 4, "x\0y\0", KEYED, 'A', 'B';
}

my @bad = grep { !is_received(substr($STREAM, 0, $_), substr $STREAM, $_) } 0 .. length $STREAM;
is_deeply \@bad, [], 'frames may be split at every byte';
ok is_received(split //, $STREAM), 'frames may come byte by byte';
srand 1;
my $failed = grep {
    my @cuts = (0, sort({ $a <=> $b } map { int rand length $STREAM } 1 .. rand 6), length $STREAM);
    !is_received(map { substr $STREAM, $cuts[$_], $cuts[ $_ + 1 ] - $cuts[$_] } 0 .. $#cuts - 1);
} 1 .. 200;
is $failed, 0, 'frames may be split anyhow';

# A host with requests of these ids, of which the first is begun.
sub started {
    my (@ids) = @_;
    my $host = Host->new;
    $host->request({ A => 1 }, '', id => $_) for @ids;
    $host->begun;
    return $host;
}

sub answer {
    my ($host, $text) = @_;
    $host->{lane}->send_answer('200 OK', $text, 200);
    $host->{lane}->finish;
    return;
}

subtest 'hello says what the lane is' => sub {
    my $host = Host->new;
    $host->{lane}->open('secret', 3);
    my ($hello) = $host->frames;
    my $facts = decode_json_text($hello->{body});
    is_deeply [ @$hello{qw(type id head)} ], [ HELLO, 0, '' ];
    is_deeply [ @$facts{qw(protocol token process lane watcher status)} ], [ 1, 'secret', 3, 0, 'host', $host->{lane}{status}->is_mapped ? 'mmap' : 'write' ];
};

subtest 'a request is marked before it is handed out' => sub {
    my $host = started(5);
    is $host->word(STARTED), 5;
    is $host->{lane}{current}, 5;
};

subtest 'what is recalled is given back and not started' => sub {
    my $host = started(1);
    $host->{lane}->finish;
    $host->request({ A => 1 }, '', id => $_) for 2 .. 5;
    $host->write_word(RECALLED, 4);
    is $host->begun->[0], 5;
    my ($returned, $free) = $host->frames;
    is_deeply [ $returned->{type}, unpack 'V*', $returned->{body} ], [ RETURNED, 2, 3, 4 ];
    is $free->{type}, FREE;
};

subtest 'ids begin again behind the largest' => sub {
    my $host = Host->new;
    $host->write_word(RECALLED, 0xffff_fffe);
    $host->request({ A => 1 }, '', id => $_) for 0xffff_ffff, 1;
    is $host->begun->[0], 0xffff_ffff;
    is $host->begun->[0], 1;
};

subtest 'the last answer leaves at once' => sub {
    my $host = started(1);
    answer($host, 'one');
    my ($frame) = $host->frames;
    is_deeply [ @$frame{qw(type id head body aux)}, $frame->{flags} & 15 ], [ RESPONSE, 1, '200 OK', 'one', 200, END_FLAG ];
    cmp_ok $frame->{flags} >> 4, '>', 0, 'and says how long it took';
};

subtest 'answers before others are kept where TSGI finds them' => sub {
    my $host = started(1, 2, 3);
    $host->hurry;
    answer($host, 'one');
    is_deeply [ $host->frames ], [];
    like $host->kept, qr/one\z/;
    for my $text (qw(two three)) { $host->begun; answer($host, $text) }
    is_deeply [ map { $_->{body} } $host->frames ], [qw(one two three)];
    is $host->kept, '';
};

subtest 'an answer that took long is not kept' => sub {
    my $host = started(1, 2);
    $host->{lane}{sent_at} = 0;
    answer($host, 'one');
    is_deeply [ map { $_->{body} } $host->frames ], ['one'];
};

subtest 'what was kept leaves before anything else' => sub {
    my $host = started(1, 2);
    $host->hurry;
    answer($host, 'one');
    $host->begun;
    $host->{lane}->log('a word');
    is_deeply [ map { [ @$_{qw(type id body)} ] } $host->frames ], [ [ RESPONSE, 1, 'one' ], [ LOG, 2, 'a word' ] ];
};

subtest 'behind what was sent early no answer is kept before another request is begun' => sub {
    my $host = started(1, 2);
    $host->{lane}->log('a word');
    $host->hurry;
    answer($host, 'one');
    is $host->kept, '';
};

subtest 'an answer without room is sent' => sub {
    my $host = started(1, 2);
    $host->hurry;
    answer($host, 'x' x ANSWER_BYTES);
    is_deeply [ map { length $_->{body} } $host->frames ], [ANSWER_BYTES];
};

subtest 'a long text for the log leaves in several frames of UTF-8' => sub {
    my $host = started(1);
    $host->{lane}->log("\x{20ac}" x 50_000);
    my @texts = map { $_->{body} } $host->frames;
    is_deeply [ map { length } @texts ], [ 65_536, 65_536, 18_928 ];
    my $text = join '', @texts;
    utf8::decode($text);
    is $text, "\x{20ac}" x 50_000;
};

subtest 'a forked process cannot speak on its parent\'s lane' => sub {
    my $host = started(1);
    my $pid  = fork;
    if (!$pid) {
        answer($host, 'child');
        require POSIX;
        POSIX::_exit(1);
    }
    waitpid $pid, 0;
    is $?, 0;
    answer($host, 'parent');
    is_deeply [ map { $_->{body} } $host->frames ], ['parent'];
};

subtest 'a process that ends leaves its requests to others' => sub {
    my $host = started(1, 2, 3);
    $host->hurry;
    answer($host, 'one');
    $host->{lane}->leave_requests;
    my ($answer, $returned) = $host->frames;
    is $answer->{body}, 'one';
    is_deeply [ unpack 'V*', $returned->{body} ], [ 2, 3 ];
};

for my $case (
    [ 'while it waits'    => sub { $_[0]{lane}->receive } ],
    [ 'while it sends'    => sub { local $SIG{PIPE} = 'IGNORE'; answer($_[0], 'late') } ],
) {
    my ($when, $act) = @$case;
    my $host = started(1);
    close $host->{socket};
    ok !eval { $act->($host); 1 }, "it ends when TSGI hangs up $when";
    is ref $@, 'TSGI::Guest::LaneClosed', "with an exception of its own $when";
}

subtest 'what was for a request that is over is forgotten' => sub {
    my $host = started(1);
    $host->say(BODY, '', 'old');
    $host->say(TAKEN);
    $host->{lane}->wait_for(0, TAKEN);
    $host->{lane}->finish;
    $host->request({ A => 1 }, '', id => 2);
    $host->begun;
    $host->say(BODY, '', 'new', id => 2);
    is +($host->{lane}->wait_for(0, BODY))[1], 'new';
};

done_testing;
