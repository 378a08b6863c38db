use strict;
use warnings;
use FindBin ();
use lib $FindBin::Bin;
use File::Temp ();
use Host;
use Test::More;
use TSGI::Guest::Wire;

# The head of an answer with these headers.
sub head {
    my ($headers, $status) = @_;
    my @frames = answered(sub { [ $status || 200, $headers, ['x'] ] });
    return $frames[0]{head};
}

is head([ 'Content-Type' => 'text/plain', 'X-Empty' => '' ], 201), "201 Created\0Content-Type\0text/plain\0X-Empty\0", 'status and headers are one text';
is head([ 'Set-Cookie' => 'a=1', 'Set-Cookie' => 'b=2' ]), "200 OK\0Set-Cookie\0a=1\0Set-Cookie\0b=2", 'a header may come twice';
is head([ Connection => 'close', 'keep-alive' => 1, Upgrade => 'h2c', TE => 'x', Trailer => 'x', 'X-A' => 'close' ]), "200 OK\0X-A\0close",
    'what belongs to the connection is not sent';
is head([ 'X-A' => 'TE', 'X-B' => 'upgrade' ]), "200 OK\0X-A\0TE\0X-B\0upgrade", 'values are not taken for names';
is head([], 299), '299 Unknown', 'a status without a reason';
{
    no warnings;
    is head([ 'X-A' => undef ]), "200 OK\0X-A\0", 'undef is empty';
}
my $upgraded = "caf\xe9";
utf8::upgrade($upgraded);
is head([ 'X-A' => $upgraded ]), "200 OK\0X-A\0caf\xe9", 'text leaves as its bytes, however Perl keeps it';

for my $case (
    [ 'a NUL in a value' => [ 200, [ 'X-A' => "1\0X-B\0002" ], [] ], qr/\AA header holds a NUL/ ],
    [ 'a NUL in a name' => [ 200, [ "X\0-A" => 1 ], [] ], qr/\AA header holds a NUL/ ],
    [ 'a wide character in a header' => [ 200, [ 'X-A' => "\x{20ac}" ], [] ], qr/above 255/ ],
    [ 'a head above the limit' => [ 200, [ 'X-A' => 'a' x 1_100_000 ], [] ], qr/expected at most 1048576/ ],
    [ 'an odd list' => [ 200, ['X-A'], [] ], qr/expected a list of names and values/ ],
    [ 'headers as a hash' => [ 200, {}, [] ], qr/expected a list of names and values/ ],
    [ 'a wide character in the body' => [ 200, [], ["\x{20ac}"] ], qr/\AWide character in the body/ ],
    [ 'a body that is no list' => [ 200, [], 'x' ], qr/expected a list of strings or a handle/ ],
    map({ [ 'the status ' . encode_json_text($_) => [ $_, [], [] ], qr/\AThe status is/ ] } 99, 600, '200 OK', '', undef, "200\n", '2e2'),
) {
    my ($what, $response, $message) = @$case;
    like failure(sub { $response }), $message, "$what is refused";
}

is_deeply told(answered(sub { [ 200, [], [qw(a b c)] ] })), [ [ RESPONSE, 'abc', 1 ] ], 'a list leaves whole';
is_deeply told(answered(sub { [ 200, [], [] ] })), [ [ RESPONSE, '', 1 ] ], 'an empty list too';
is_deeply told(answered(sub { [ 200, [], [ 'a', undef, 'b' ] ] })), [ [ RESPONSE, 'ab', 1 ] ], 'undef in a list is nothing';

{
    package Lines;
    sub new { my ($class, @lines) = @_; return bless { lines => \@lines, closed => 0 }, $class }
    sub getline { my ($self) = @_; my $line = shift @{ $self->{lines} }; return ref $line ? $line->() : $line }
    sub close { $_[0]{closed} += 1 }
}

my $lines = Lines->new('a', '', 'b');
is_deeply told(answered(sub { [ 200, [], $lines ] })), [ [ RESPONSE, 'a', 0 ], [ CHUNK, 'b', 0 ], [ CHUNK, '', 1 ] ], 'a handle leaves block by block';
is $lines->{closed}, 1, 'and is closed once';

$lines = Lines->new('a', sub { die "on purpose\n" });
my @frames = answered(sub { [ 200, [], $lines ] });
is_deeply [ types(@frames), $frames[1]{head}, $lines->{closed} ], [ [ RESPONSE, FAIL ], 'on purpose', 1 ], 'a handle that fails breaks the answer off, and is closed once';

my $host;
$lines = Lines->new('a', sub { $host->write_word(ABORTED, 1); 'b' }, 'c');
@frames = answered(sub { [ 200, [], $lines ] }, prepare => sub { $host = $_[0] });
is_deeply [ types(@frames), $frames[1]{flags}, $lines->{closed} ], [ [ RESPONSE, FAIL ], GONE | END_FLAG, 1 ], 'a body ends when its client has left';

open my $memory, '<', \"one\ntwo\n" or die;
is_deeply told(answered(sub { [ 200, [], $memory ] })), [ [ RESPONSE, "one\ntwo\n", 0 ], [ CHUNK, '', 1 ] ], 'a handle in memory is read in blocks, not lines';

# A file. TSGI takes it or not.
my $file = File::Temp->new;
print $file "0123456789";
close $file;

sub from_file {
    my ($taken, $headers, $position, $layer) = @_;
    my $given;
    return answered(
        sub {
            open my $handle, "<$layer", $file->filename or die;
            seek $handle, $position, 0;
            $given->say(TAKEN, '', '', flags => $taken ? END_FLAG : 0);
            return [ 200, $headers, $handle ];
        },
        prepare => sub { $given = $_[0] },
    );
}

@frames = from_file(1, [], 4, '');
my ($device, $inode) = stat $file->filename;
is_deeply types(@frames), [ FILE, CHUNK ], 'TSGI may send a file';
is_deeply [ unpack 'Q<4', $frames[0]{body} ], [ 4, 6, $device, $inode ], 'from where it stands';
like substr($frames[0]{body}, 32), qr{\A/proc/$$/fd/[0-9]+\z}, 'by its descriptor';
is +(unpack 'Q<4', (from_file(1, [ 'Content-Length' => 3 ], 0, ''))[0]{body})[1], 3, 'as much as the headers say';
@frames = from_file(0, [], 4, '');
is_deeply told(@frames[ 1 .. $#frames ]), [ [ RESPONSE, '456789', 0 ], [ CHUNK, '', 1 ] ], 'what TSGI does not take is read';
is_deeply types(from_file(1, [], 0, ':crlf')), [ RESPONSE, CHUNK ], 'what a layer changes is read';

# Chunks that an application has made.
my $text = "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
my @bad = grep {
    my $body = Lines->new(substr($text, 0, $_), substr $text, $_);
    my @sent = answered(sub { [ 200, [ 'Transfer-Encoding' => 'chunked' ], $body ] });
    join('', map { $_->{body} } @sent) ne 'abcde' || $sent[0]{head} ne '200 OK' || !($sent[-1]{flags} & END_FLAG);
} 0 .. length $text;
is_deeply \@bad, [], 'what the application has chunked is taken out of its chunks, however it is split';

# Delayed responses.
is_deeply told(answered(sub { sub { $_[0]->([ 200, [], ['later'] ]) } })), [ [ RESPONSE, 'later', 1 ] ], 'a response may be delayed';
is_deeply told(answered(sub { sub { my $w = $_[0]->([ 200, [] ]); $w->write('a'); $w->write(''); $w->write('b'); $w->close } })),
    [ [ RESPONSE, '', 0 ], [ CHUNK, 'a', 0 ], [ CHUNK, 'b', 0 ], [ CHUNK, '', 1 ] ], 'or be written piece by piece, behind its head';
is_deeply told(answered(sub { sub { $_[0]->([ 200, [] ])->write('a') } })), [ [ RESPONSE, '', 0 ], [ CHUNK, 'a', 0 ], [ CHUNK, '', 1 ] ], 'a writer that is not closed is closed';
like failure(sub { sub { } }), qr/\AThe application returned from its delayed response without an answer/, 'a delayed response must come';

my $kept;
answered(sub { sub { $kept = $_[0]->([ 200, [] ]) } });
ok !eval { $kept->write('late'); 1 }, 'a writer of a request that is over takes no more';
like $@, qr/after the end of its answer/, 'and says why';

# Early hints.
sub hinted {
    my (@pairs) = @_;
    return answered(sub { $_[0]{'psgix.informational'}->(103, [@pairs]); [ 200, [], ['x'] ] }, flags => HAS_HINTS);
}
@frames = hinted(Link => '</a>', 'X-A' => 1);
is_deeply types(@frames), [ HINTS, RESPONSE ], 'hints leave before the answer';
is $frames[0]{body}, "Link\0</a>\0X-A\0001", 'as one text';
is_deeply types(hinted(Link => $_)), [FAIL], 'hints that no header may be fail' for "a\r\nb", "a\0b", "\x{20ac}";
is_deeply types(hinted()), [RESPONSE], 'hints of nothing are no frame';
answered(sub { ok !exists $_[0]{'psgix.informational'}, 'a client that takes none is not offered any'; [ 200, [], [] ] });
my $inform;
@frames = answered(
    sub {
        my ($env) = @_;
        $inform = $env->{'psgix.informational'};
        push @{ $env->{'psgix.cleanup.handlers'} }, sub { $inform->(103, [ Link => '</late>' ]) };
        return [ 200, [], ['x'] ];
    },
    flags => HAS_HINTS,
);
is_deeply types(@frames), [RESPONSE], 'hints after the answer are none, as long as its request is not over';
is_deeply types(answered(sub { $inform->(103, [ Link => '</late>' ]); [ 200, [], ['y'] ] })), [RESPONSE], 'nor are they for another request';

done_testing;
