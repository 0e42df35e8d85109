using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Net;
using System.Text.Json;
using NewApi.Data.Callers;
using NewApi.Data.Changes;
using NewApi.RelayService.Settlement;

namespace NewApi.RelayService.Authentication;

/// <summary>
/// Callers by key: a bounded cache over the database. An entry goes when a change of its key or user is announced, and is read again
/// after the sync period at the latest.
/// </summary>
internal sealed class CallerDirectory : IDisposable
{
    private const int Capacity = 100_000;

    private readonly ConcurrentDictionary<KeyDigest, Caller> _callers = new();
    private readonly CallerStore _store;
    private readonly RelayOptions _options;
    private readonly TimeProvider _clock;
    private readonly IDisposable _subscription;
    private long _changes;

    public CallerDirectory(CallerStore store, IChangeSignal changes, RelayOptions options, TimeProvider clock)
    {
        _store = store;
        _options = options;
        _clock = clock;
        _subscription = changes.Subscribe(Forget);
    }

    /// <summary>The caller of a key, or null when no such key exists. A known caller is answered without waiting.</summary>
    public ValueTask<Caller?> FindAsync(string key, CancellationToken cancel)
    {
        if (!KeyDigest.TryMake(key, out var digest))
        {
            return new((Caller?)null);
        }
        return _callers.TryGetValue(digest, out var caller) && Now - caller.ReadAt < _options.SyncFrequency.TotalMilliseconds
            ? new(caller)
            : new(ReadAsync(key, digest, cancel));
    }

    /// <summary>Reads a caller anew, for a refusal that must not rest on an old row.</summary>
    public async Task<Caller?> RefreshAsync(string key, CancellationToken cancel) =>
        KeyDigest.TryMake(key, out var digest) ? await ReadAsync(key, digest, cancel) : null;

    /// <summary>Reads a known caller anew; null when the key or its account is gone.</summary>
    public async Task<Caller?> RefreshAsync(Caller caller, CancellationToken cancel)
    {
        var changes = Interlocked.Read(ref _changes);
        var rows = await _store.FindTokenAsync(caller.TokenId, cancel);
        return rows is null ? null : Keep(rows, caller.Digest, changes);
    }

    public void Dispose() => _subscription.Dispose();

    private async Task<Caller?> ReadAsync(string key, KeyDigest digest, CancellationToken cancel)
    {
        var changes = Interlocked.Read(ref _changes);
        var rows = await _store.FindByKeyAsync(key, cancel);
        if (rows is null)
        {
            _callers.TryRemove(digest, out _);
            return null;
        }
        return Keep(rows, digest, changes);
    }

    private Caller Keep(CallerRows rows, KeyDigest digest, long changes)
    {
        var caller = Make(rows, digest, Now);
        if (_callers.Count >= Capacity)
        {
            Trim();
        }
        // A change that was announced while the rows were being read may have been missed by the reading: do not keep it then.
        if (changes == Interlocked.Read(ref _changes))
        {
            _callers[digest] = caller;
        }
        return caller;
    }

    private void Forget(ChangeTopic topic, string? key)
    {
        if (topic is not (ChangeTopic.Users or ChangeTopic.Tokens))
        {
            return;
        }
        Interlocked.Increment(ref _changes);
        if (!long.TryParse(key, out var id))
        {
            _callers.Clear();
            return;
        }
        foreach (var (digest, caller) in _callers)
        {
            if ((topic == ChangeTopic.Users ? caller.UserId : caller.TokenId) == id)
            {
                _callers.TryRemove(digest, out _);
            }
        }
    }

    /// <summary>Makes room: what has not been read again for longest goes first.</summary>
    private void Trim()
    {
        var times = _callers.Values.Select(caller => caller.ReadAt).Order().ToList();
        var limit = times.Count == 0 ? 0 : times[times.Count / 4];
        foreach (var (digest, caller) in _callers)
        {
            if (caller.ReadAt <= limit)
            {
                _callers.TryRemove(digest, out _);
            }
        }
    }

    private long Now => _clock.GetTimestamp() / (_clock.TimestampFrequency / 1000);

    private static Caller Make(CallerRows rows, KeyDigest digest, long now)
    {
        var (token, user) = (rows.Token, rows.User);
        var (acceptsUnpriced, recordsAddress) = ReadSetting(user.Setting);
        return new Caller
        {
            UserId = user.Id,
            Username = user.Username,
            UserGroup = user.Group.Length == 0 ? "default" : user.Group,
            UserEnabled = user.Status == 1,
            Role = user.Role,
            TokenId = token.Id,
            TokenName = token.Name,
            TokenStatus = token.Status,
            ExpiresAt = token.ExpiredTime,
            Unlimited = token.UnlimitedQuota,
            RemainQuota = token.RemainQuota,
            TokenGroup = token.Group,
            CrossGroupRetry = token.CrossGroupRetry,
            Models = token.ModelLimitsEnabled
                ? token.ModelLimits.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                    .ToFrozenSet(StringComparer.Ordinal)
                : null,
            Networks = ReadNetworks(token.AllowIps),
            AcceptsUnpriced = acceptsUnpriced,
            RecordsAddress = recordsAddress,
            Payer = new Payer(user.Id, token.UnlimitedQuota ? 0 : token.Id, rows.Funding, rows.Budgets),
            Digest = digest,
            ReadAt = now,
        };
    }

    /// <summary>Newline list of addresses and CIDR ranges; blanks and commas are dropped. An entry that is neither admits nobody.</summary>
    private static List<IPNetwork>? ReadNetworks(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }
        var networks = new List<IPNetwork>();
        foreach (var line in text.Split('\n'))
        {
            var entry = line.Replace(" ", "", StringComparison.Ordinal).Replace(",", "", StringComparison.Ordinal).Trim();
            if (entry.Length == 0)
            {
                continue;
            }
            if (IPAddress.TryParse(entry, out var address))
            {
                networks.Add(new IPNetwork(address, address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128));
            }
            else if (IPNetwork.TryParse(entry, out var network))
            {
                networks.Add(network);
            }
        }
        return networks;
    }

    /// <summary>What an account's <c>setting</c> says about its calls.</summary>
    public static (bool AcceptsUnpriced, bool RecordsAddress) ReadSetting(string? setting)
    {
        if (string.IsNullOrEmpty(setting))
        {
            return default;
        }
        try
        {
            using var json = JsonDocument.Parse(setting);
            return json.RootElement.ValueKind == JsonValueKind.Object
                ? (IsTrue(json.RootElement, "accept_unset_model_ratio_model"), IsTrue(json.RootElement, "record_ip_log"))
                : default;
        }
        catch (JsonException)
        {
            return default;
        }

        static bool IsTrue(JsonElement setting, string name) =>
            setting.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;
    }
}
