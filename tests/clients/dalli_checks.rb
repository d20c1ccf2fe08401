# Owns driving a server through dalli: binary, and meta from dalli 3.2 on.
# Usage: dalli_checks.rb <port> binary|meta

require 'dalli'
require 'logger'
require 'socket'
require 'stringio'

# Longest wait for something that must happen by itself, in seconds.
PATIENCE_SECONDS = 30
SERVER = "127.0.0.1:#{ARGV.fetch(0)}".freeze
PROTOCOL = { protocol: ARGV.fetch(1).to_sym, socket_timeout: 60 }.freeze
# With meta, dalli itself takes CR LF in a value for its end.
TAIL = PROTOCOL[:protocol] == :meta ? '' : "\r\nEND\r\nVALUE k 0 5\r\n"
ALL_BYTES = (((0..255).to_a * 3).pack('C*') + TAIL.b).freeze
UINT64_MAX = (2**64) - 1
RAW = { raw: true }.freeze

# A reply that is not understood shows as a warning and a silent retry.
LOG = StringIO.new
Dalli.logger = Logger.new(LOG, level: Logger::WARN)

# Counts checks; prints the failed ones at once.
module Checks
  @count = 0
  @failed = 0

  class << self
    attr_reader :failed

    def shown(value)
      text = value.inspect
      text.length <= 200 ? text : "#{text[0, 200]}... (#{text.length} long)"
    end

    def report(what, got, wanted)
      @failed += 1
      puts "FAILED #{what}: #{shown(got)} instead of #{shown(wanted)}"
    end

    def same(what, got, wanted)
      @count += 1
      report(what, got, wanted) unless got == wanted
    end

    def fails(what, error, text = '')
      @count += 1
      got = yield
      report(what, got, error)
    rescue error => e
      report(what, e.message, text) unless e.message.include?(text)
    rescue StandardError => e
      report(what, e, error)
    end

    def becomes(what, wanted)
      limit = Process.clock_gettime(Process::CLOCK_MONOTONIC) + PATIENCE_SECONDS
      got = yield
      while got != wanted && Process.clock_gettime(Process::CLOCK_MONOTONIC) < limit
        sleep 0.05
        got = yield
      end
      same(what, got, wanted)
    end

    def section(name)
      yield
    rescue StandardError => e
      @failed += 1
      puts "FAILED #{name}: #{e.full_message(highlight: false)}"
    end

    def finish
      puts "#{@count} checks"
      exit(@failed.zero? ? 0 : 1)
    end
  end
end

# The parts; each opens and closes its own clients.
module Parts
  module_function

  def same(...) = Checks.same(...)
  def fails(...) = Checks.fails(...)
  def becomes(...) = Checks.becomes(...)

  def client(options = {})
    Dalli::Client.new(SERVER, PROTOCOL.merge(options))
  end

  # dalli says "no" as false, nil or 0, which differs by version and protocol.
  def stored?(answer)
    answer ? answer != 0 : false
  end

  # How long an item has still to live: what the server says to `mg <key> t`,
  # past dalli.
  def lifetime(key)
    TCPSocket.open(*SERVER.split(':')) do |socket|
      socket.write("mg #{key} t\r\n")
      socket.gets.chomp
    end
  end

  def stores
    c = client
    same('set', c.set('store', 'one').is_a?(Integer), true)
    same('get', c.get('store'), 'one')
    c.set('store', 'two')
    same('set again', c.get('store'), 'two')
    same('get, missing', c.get('store-none'), nil)
    same('add, there', c.add('store', 'no'), false)
    same('add, new', stored?(c.add('store-added', 'yes')), true)
    same('replace, there', stored?(c.replace('store', 'mid', 0, RAW)), true)
    same('replace, missing', stored?(c.replace('store-none', 'no')), false)
    same('append', c.append('store', '>'), true)
    same('prepend', c.prepend('store', '<'), true)
    same('append, missing', c.append('store-none', '>'), false)
    same('prepend, missing', c.prepend('store-none', '<'), false)
    same('get, joined', c.get('store'), '<mid>')
    c.set('store-empty', '', 0, RAW)
    same('get, empty', c.get('store-empty'), '')
    c.set('store-bytes', ALL_BYTES, 0, RAW)
    same('get, any byte', c.get('store-bytes').b == ALL_BYTES, true)
    same('fetch, missing', c.fetch('store-fetched', 100) { 'made' }, 'made')
    same('fetch, there', c.fetch('store-fetched', 100) { 'again' }, 'made')
    same('delete', c.delete('store'), true)
    same('delete, missing', stored?(c.delete('store')), false)
    same('get, deleted', c.get('store'), nil)
    c.close
  end

  def values
    c = client
    several = [nil, 42, -1.5, :symbol, 'text äöü €', [1, { 'a' => nil }], 2**80]
    several.each do |value|
      c.set('value', value)
      same("value #{value.inspect}", c.get('value'), value)
    end
    packed = client(compress: true, compression_min_size: 100)
    long = 'long ' * 100_000
    packed.set('value', long)
    same('compressed', packed.get('value') == long, true)
    same('compressed, read by another', c.get('value') == long, true)
    packed.set('value', long, 0, raw: true)
    same('compressed, raw', packed.get('value') == long, true)
    nils = client(cache_nils: true)
    nils.set('value', nil)
    same('nil that is cached', nils.fetch('value') { 'made' }, nil)
    [c, packed, nils].each(&:close)
  end

  def many
    c = client
    all = (0...2000).to_h { |i| ["many-#{i}", "#{i} " * (i % 50)] }
    c.multi { all.each { |key, value| c.set(key, value) } }
    same('multi, set', c.get_multi(all.keys), all)
    c.multi do
      c.add('many-1', 'no')
      c.add('many-added', 'yes')
      c.replace('many-2', 'replaced')
      c.replace('many-none', 'no')
      c.delete('many-3')
      c.delete('many-none')
    end
    wanted = { 'many-1' => all['many-1'], 'many-2' => 'replaced', 'many-added' => 'yes' }
    keys = %w[many-1 many-2 many-3 many-added many-none]
    same('multi, others', c.get_multi(keys), wanted)
    same('get_multi, none', c.get_multi('many-none', 'many-nothing'), {})
    found = {}
    c.get_multi(%w[many-4 many-5]) { |key, value| found[key] = value }
    same('get_multi, block', found, all.slice('many-4', 'many-5'))
    cas = c.get_multi_cas('many-4', 'many-none')
    same('get_multi_cas', cas.transform_values(&:first), all.slice('many-4'))
    swapped = c.set_cas('many-4', 'new', cas['many-4'][1])
    same('get_multi_cas, set_cas', stored?(swapped), true)
    c.multi { all.each_key { |key| c.delete(key) } }
    same('multi, delete', c.get_multi(all.keys), {})
    c.close
  end

  def check_and_set
    c = client
    same('cas, missing', c.cas('cas') { 'no' }, nil)
    made = c.cas!('cas') { |old| "#{old.inspect} one" }
    same('cas!, missing', stored?(made), true)
    swapped = c.cas('cas') { |old| "#{old} two" }
    same('cas', stored?(swapped), true)
    same('get', c.get('cas'), 'nil one two')
    other = client
    stale = c.cas('cas') do |old|
      other.set('cas', 'faster')
      "#{old} three"
    end
    same('cas, stale', stale, false)
    value, cas = c.get_cas('cas')
    same('get_cas', value, 'faster')
    same('get_cas, missing', c.get_cas('cas-none').first, nil)
    same('set_cas, stale', c.set_cas('cas', 'no', cas + 1), false)
    newer = c.set_cas('cas', 'four', cas)
    same('set_cas', newer.is_a?(Integer) && newer > cas, true)
    same('replace_cas, stale', c.replace_cas('cas', 'no', cas), false)
    newest = c.replace_cas('cas', 'five', newer)
    same('replace_cas', stored?(newest), true)
    same('get_cas, the same', c.get_cas('cas'), ['five', newest])
    same('delete_cas, stale', c.delete_cas('cas', newer), false)
    same('delete_cas', c.delete_cas('cas', newest), true)
    same('get, deleted', c.get('cas'), nil)
    [c, other].each(&:close)
  end

  def numbers
    c = client
    same('incr, missing', c.incr('number'), nil)
    same('decr, missing', c.decr('number'), nil)
    same('incr, starts', c.incr('number', 5, 0, 10), 10)
    same('incr', c.incr('number', 5), 15)
    same('decr', c.decr('number', 6), 9)
    same('get', c.get('number').strip, '9')
    same('decr below 0', c.decr('number', 100), 0)
    same('incr, 64 bits', c.incr('number', UINT64_MAX), UINT64_MAX)
    same('get, 64 bits', c.get('number'), UINT64_MAX.to_s)
    same('incr wraps', c.incr('number', 1), 0)
    same('incr by the most', c.incr('number', UINT64_MAX), UINT64_MAX)
    same('incr wraps by more', c.incr('number', UINT64_MAX), UINT64_MAX - 1)
    same('decr, 64 bits', c.decr('number', UINT64_MAX - 2), 1)
    same('decr, starts', c.decr('number-down', 1, 100, 7), 7)
    c.set('number', 'text', 0, RAW)
    fails('incr, text', Dalli::DalliError) { c.incr('number') }
    fails('decr, text', Dalli::DalliError) { c.decr('number') }
    same('get, still text', c.get('number'), 'text')
    c.close
  end

  def expiry
    c = client
    same('touch, missing', c.touch('expiry-none', 100), nil)
    same('gat, missing', c.gat('expiry-none', 100), nil)
    c.set('expiry-short', 'x', 2)
    c.set('expiry-kept', 'kept', 1000)
    c.set('expiry-got', 'got', 1000)
    c.set('expiry-touched', 'x')
    same('touch, for ever', c.touch('expiry-kept', 0), true)
    same('touched, for ever', lifetime('expiry-kept'), 'HD t-1')
    same('gat, for ever', c.gat('expiry-got', 0), 'got')
    same('got, for ever', lifetime('expiry-got'), 'HD t-1')
    same('touch, short', c.touch('expiry-touched', 1), true)
    becomes('expires', nil) { c.get('expiry-short') }
    becomes('expires, touched', nil) { c.get('expiry-touched') }
    same('kept', c.get('expiry-kept'), 'kept')
    same('kept by gat', c.gat('expiry-got', 1), 'got')
    becomes('expires, gat', nil) { c.get('expiry-got') }
    c.incr('expiry-number', 1, 1, 1)
    becomes('expires, incr', nil) { c.get('expiry-number') }
    c.set('expiry', 'x', Time.now.to_i + 1000)
    same('unix time to come', c.get('expiry'), 'x')
    c.set('expiry', 'x', 60 * 60 * 24 * 30)
    same('30 days', c.get('expiry'), 'x')
    c.set('expiry', 'x', 60 * 60 * 24 * 365)
    same('a year, made absolute', c.get('expiry'), 'x')
    default = client(expires_in: 1)
    default.set('expiry', 'x')
    becomes('expires, by default', nil) { default.get('expiry') }
    [c, default].each(&:close)
  end

  def keys
    c = client
    longest = 'k' * 250
    c.set(longest, '1', 0, RAW)
    same('get, 250', c.get(longest), '1')
    same('incr, 250', c.incr(longest), 2)
    similar = %w[a b k].map { |last| longest[0..-2] + last }
    same('get_multi, 250', c.get_multi(similar), { longest => '2' })
    same('delete, 250', c.delete(longest), true)
    long = 'k' * 300
    c.set(long, 'v')
    same('get, 300, shortened', c.get(long), 'v')
    unicode = 'schlüssel-鍵-🔑'
    c.set(unicode, 'v')
    same('get, unicode', c.get(unicode), 'v')
    same('delete, unicode', c.delete(unicode), true)
    c.set('with space', 'v')
    same('get, with space', c.get('with space'), 'v')
    named = client(namespace: 'name')
    named.set('k', 'v')
    same('namespace', c.get('name:k'), 'v')
    same('get_multi, namespace', named.get_multi('k', 'l'), { 'k' => 'v' })
    [c, named].each(&:close)
  end

  def sizes
    c = client(compress: false, value_max_bytes: 4 * 1024 * 1024)
    [1, 1024, 65_536, 500_000, 1_000_000, 1024 * 1024 - 512].each do |length|
      value = (length % 251).chr * length
      c.set('size', value, 0, RAW)
      same("get, #{length}", c.get('size') == value, true)
    end
    large = 'x' * ((1024 * 1024) + 1)
    fails('set, too large', Dalli::DalliError) { c.set('size', large, 0, RAW) }
    same('get, old value is gone', c.get('size'), nil)
    c.set('size', 'x' * 1_000_000, 0, RAW)
    same('get, thereafter', c.get('size').length, 1_000_000)
    c.multi do
      c.set('size-1', 'one')
      c.set('size', large, 0, RAW)
      c.set('size-2', 'two')
    end
    wanted = { 'size-1' => 'one', 'size-2' => 'two' }
    same('multi, too large', c.get_multi('size-1', 'size', 'size-2'), wanted)
    c.close
  end

  def operation
    c = client
    version = c.version.fetch(SERVER)
    same('version', version.count('.') >= 2, true)
    before = c.stats.fetch(SERVER)
    same('stats, version', before['version'], version)
    c.set('stats', 'v')
    c.get('stats')
    c.get('stats-none')
    after = c.stats.fetch(SERVER)
    same('stats, hits', after['get_hits'].to_i - before['get_hits'].to_i, 1)
    same('stats, misses', after['get_misses'].to_i - before['get_misses'].to_i, 1)
    same('stats settings', c.stats(:settings).fetch(SERVER)['maxconns'], '1024')
    same('stats items', c.stats(:items).fetch(SERVER).keys.grep(/:number/).empty?, false)
    same('stats slabs', c.stats(:slabs).fetch(SERVER).key?('total_malloced'), true)
    c.reset_stats
    same('reset_stats', c.stats.fetch(SERVER)['get_hits'], '0')
    same('alive!', stored?(c.alive!), true)
    c.close
    same('after close', c.get('stats'), 'v')
    same('flush, delayed', c.flush(2).length, 1)
    c.flush_all
    same('flushed', c.get('stats'), nil)
    c.set('stats', 'w')
    same('set, flushed', c.get('stats'), 'w')
    c.close
  end

  def threads
    c = client
    c.set('threads', 0, 0, RAW)
    Array.new(8) do
      Thread.new do
        own = client
        200.times { own.incr('threads') }
        own.close
      end
    end.each(&:join)
    same('threads count', c.get('threads'), '1600')
    shared = client(threadsafe: true)
    Array.new(8) { Thread.new { 50.times { shared.incr('threads') } } }.each(&:join)
    same('threads share', c.get('threads'), '2000')
    [c, shared].each(&:close)
  end
end

Parts.client.flush_all
%i[
  stores values many check_and_set numbers expiry keys sizes operation threads
].each do |part|
  Checks.section(part) { Parts.public_send(part) }
end
Checks.same('warnings', LOG.string, '')
Checks.finish
