# Answers by path; each path is one thing that an application may do.
use strict;
use warnings;
use IO::Handle;

our ($closed, $cleaned) = (0, 0);
my @plain = ('Content-Type' => 'text/plain');

sub ok { return [ 200, [@plain], [@_] ] }

{
    package Lines;
    sub new     { my ($class, @lines) = @_; return bless {@lines ? (lines => \@lines) : (), at => 0}, $class }
    sub getline { my ($self) = @_; my $line = $self->{lines}[ $self->{at}++ ]; die "the third line fails\n" if defined $line && $line eq 'FAIL'; return $line }
    sub close   { $closed++ }
}

my %answers = (
    '/hello'      => sub { ok('hello') },
    '/pid'        => sub { ok($$) },
    '/several'    => sub { ok('one ', 'two ', undef, 'three') },
    '/lines'      => sub { [ 200, [@plain], Lines->new('a', 'b', 'c') ] },
    '/fails-late' => sub { [ 200, [@plain], Lines->new('a', 'b', 'FAIL') ] },
    '/closed'     => sub { ok($closed) },
    '/file'       => sub { open my $file, '<:raw', __FILE__ or die $!; [ 200, [@plain], $file ] },
    '/layers'     => sub { open my $file, '<:raw:crlf', $ENV{CRLF_FILE} or die $!; [ 200, [@plain], $file ] },
    '/half'       => sub { open my $file, '<:raw', __FILE__ or die $!; seek $file, 10, 0; [ 200, [@plain], $file ] },
    '/later'      => sub { sub { $_[0]->(ok('later')) } },
    '/writer'     => sub { sub { my $writer = $_[0]->([ 200, [@plain] ]); $writer->write($_) for 'x', 'y'; $writer->close } },
    '/unclosed'   => sub { sub { my $writer = $_[0]->([ 200, [@plain] ]); $writer->write('z') } },
    '/silent'     => sub { sub { } },
    '/twice'      => sub { sub { $_[0]->(ok('first')); $_[0]->(ok('second')) } },
    '/number'     => sub { 42 },
    '/wide'       => sub { ok("\x{20ac}") },
    '/wide-head'  => sub { [ 200, [ @plain, 'X-A' => "\x{20ac}" ], ['x'] ] },
    '/upgraded'   => sub { my $text = "caf\xe9"; utf8::upgrade($text); ok($text) },
    '/odd'        => sub { [ 200, ['X-A'], ['x'] ] },
    '/inject'     => sub { [ 200, [ @plain, 'X-A' => "1\r\nX-B: 2" ], ['x'] ] },
    '/nul'        => sub { [ 200, [ @plain, 'X-A' => "1\0X-B" ], ['x'] ] },
    '/status'     => sub { [ '200 OK', [@plain], ['x'] ] },
    '/die'        => sub { die "died on purpose, at the tr\xe4ge path\n" },
    '/object'     => sub { die bless {}, 'My::Exception' },
    '/exit'       => sub { exit 5 },
    '/stuck'      => sub { inner_loop() },
    '/separator'  => sub { $/ = undef; $, = '-'; $\ = '!'; ok('left') },
    '/errors'     => sub { my ($env) = @_; print { $env->{'psgi.errors'} } "printed\n"; $env->{'psgi.errors'}->print("by method \x{20ac}\n"); ok('x') },
    '/cleanup'    => sub { my ($env) = @_; push @{ $env->{'psgix.cleanup.handlers'} }, sub { $cleaned++ }, sub { die "cleanup\n" }, sub { $cleaned++ }; ok('x') },
    '/cleaned'    => sub { ok($cleaned) },
    '/harakiri'   => sub { my ($env) = @_; $env->{'psgix.harakiri.commit'} = 1; ok($$) },
    '/hints'      => sub { my ($env) = @_; $env->{'psgix.informational'}->(103, [ Link => '</a.css>; rel=preload' ]) if $env->{'psgix.informational'}; ok('x') },
    '/fork'       => sub { my $pid = fork; if (!$pid) { return ok('child') } waitpid $pid, 0; ok('parent') },
    '/read'       => sub { my ($env) = @_; my $all = ''; while (read $env->{'psgi.input'}, my $block, 10_000) { $all .= $block } ok($all) },
    '/offset'     => sub { my ($env) = @_; my $text = 'ab'; $env->{'psgi.input'}->read($text, 3, 4); $text =~ s/\0/0/g; ok($text) },
    '/readlines'  => sub { my ($env) = @_; my $input = $env->{'psgi.input'}; my $first = <$input>; my @rest = <$input>; ok(length($first) . ' ' . scalar(@rest) . ' ' . (eof $input ? 'over' : 'more')) },
    '/seek'       => sub { my ($env) = @_; my $input = $env->{'psgi.input'}; read $input, my $one, 3; seek $input, 0, 0; read $input, my $two, 5; ok("$one $two") },
    '/environ'    => sub { my ($env) = @_; ok(join "\n", map { "$_=" . (ref $env->{$_} ? ref $env->{$_} : $env->{$_}) } sort keys %$env) },
    '/endless'    => sub { sub { my $writer = $_[0]->([ 200, [@plain] ]); while (1) { $writer->write('x' x 1000); select undef, undef, undef, 0.005 } } },
    '/memory'     => sub { my @hoard; push @hoard, 'x' x 1_000_000 while 1; ok('never') },
    '/big'        => sub { ok('y' x 5_000_000) },
    '/argv'       => sub { ok(join ',', @ARGV) },
);

sub inner_loop { 1 while 1 }

sub {
    my ($env) = @_;
    my $answer = $answers{ $env->{PATH_INFO} } or return [ 404, [@plain], ['no such path'] ];
    return $answer->($env);
};
