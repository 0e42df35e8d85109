using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace NewApi.Providers.Answers;

/// <summary>
/// Tokens that credentials are exchanged for, kept until shortly before they expire. Calls that need the same token at the same time share
/// one exchange. Credentials are known by their digest.
/// </summary>
internal sealed class TokenCache
{
    private const int Most = 10_000;
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<string, Lazy<Task<Token>>> _tokens = new(StringComparer.Ordinal);

    /// <param name="credential">What is exchanged.</param>
    /// <param name="exchange">Asks for a token. It is not cancelled by the call that happened to need it first.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="cancel">Ends this caller's wait.</param>
    public async Task<string> GetAsync(string credential, Func<Task<Token>> exchange, TimeProvider clock, CancellationToken cancel)
    {
        var id = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(credential)));
        while (true)
        {
            var pending = _tokens.GetOrAdd(id, _ => new Lazy<Task<Token>>(exchange));
            try
            {
                var token = await pending.Value.WaitAsync(cancel);
                if (token.Expires - Margin > clock.GetUtcNow())
                {
                    return token.Value;
                }
            }
            catch when (pending.IsValueCreated && pending.Value.IsFaulted)
            {
                Forget(id, pending);
                throw;
            }
            Forget(id, pending);
            if (_tokens.Count > Most)
            {
                _tokens.Clear();
            }
        }
    }

    private void Forget(string id, Lazy<Task<Token>> pending) => _tokens.TryRemove(new KeyValuePair<string, Lazy<Task<Token>>>(id, pending));
}

/// <summary>A token and the end of its life.</summary>
internal sealed record Token(string Value, DateTimeOffset Expires);
