using System.Buffers;
using System.Text;

namespace NewApi.Protocols;

/// <summary>
/// Hides addresses and keys in texts that leave the gateway (specification: relay §8.4): URLs keep scheme, top-level domain and names of
/// query parameters, domains their top-level domain, IP addresses nothing; whatever looks like a key goes.
/// </summary>
public static class Masking
{
    private const string Mark = "***";

    private static readonly SearchValues<char> UrlEnd = SearchValues.Create(" \t\r\n\"'`<>()[]{}|\\^,;，。；）」】");

    private static readonly SearchValues<char> WordChars =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.*");

    private static readonly SearchValues<char> ValueEnd = SearchValues.Create(" \t\r\n\"'`<>()[]{},;&，。；");

    private static readonly string[] KeyPrefixes =
        ["sk-", "sk_", "pk-", "rk-", "AIza", "xai-", "gsk_", "hf_", "r8_", "ghp_", "AKIA", "ASIA", "ya29.", "eyJ", "key-", "pplx-", "nvapi-"];

    private static readonly string[] KeyNames =
        ["api_key", "apikey", "api-key", "access_key", "access_token", "secret_key", "secret", "password", "authorization", "key provided"];

    // Names under these are hosts even with two labels only. Country codes that are also words of code (id, md, is, in, to, py, rs, sh…)
    // are left out: "user.id" is no host.
    private static readonly HashSet<string> TopLevels = new(StringComparer.OrdinalIgnoreCase)
    {
        "com", "net", "org", "io", "ai", "dev", "app", "cloud", "info", "biz", "xyz", "top", "site", "online", "tech", "store", "shop",
        "club", "vip", "pro", "ltd", "link", "live", "space", "fun", "icu", "chat", "host", "website", "gov", "edu", "mil", "internal",
        "local", "localdomain", "svc", "lan", "cn", "uk", "de", "jp", "fr", "ru", "kr", "eu", "co", "tv", "cc", "hk", "tw", "sg", "au",
        "ca", "br", "nl", "ch", "us", "gg", "one", "run", "work", "dev", "plus", "tools", "systems", "network", "services", "digital",
    };

    /// <summary>Returns the same instance when there is nothing to hide.</summary>
    public static string Mask(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var cursor = new Cursor(text);
        cursor.Run();
        return cursor.Result;
    }

    /// <summary>One walk over the text; nothing is copied before the first thing to hide is found.</summary>
    private ref struct Cursor(string text)
    {
        private readonly string _text = text;
        private StringBuilder? _masked;
        private int _copied;

        public readonly string Result => _masked is null ? _text : _masked.ToString();

        public void Run()
        {
            var at = 0;
            while (at < _text.Length)
            {
                var step = _text.AsSpan(at).IndexOfAny(WordChars);
                if (step < 0)
                {
                    break;
                }

                at += step;
                var length = _text.AsSpan(at).IndexOfAnyExcept(WordChars);
                var end = length < 0 ? _text.Length : at + length;
                at = Word(at, end);
            }

            _masked?.Append(_text, _copied, _text.Length - _copied);
        }

        /// <summary>Looks at the word from start to end; returns where to go on.</summary>
        private int Word(int start, int end)
        {
            var rest = _text.AsSpan(end);
            if (rest.StartsWith("://") && end > start)
            {
                return Url(end + 3);
            }

            if (TryNamedValue(start, end, out var value, out var valueEnd))
            {
                Hide(value, valueEnd, Mark);
                return valueEnd;
            }

            // Full stops at the end belong to the sentence.
            while (end > start && _text[end - 1] is '.' or '-' or '_')
            {
                end--;
            }

            while (start < end && _text[start] == '.')
            {
                start++;
            }

            var word = _text.AsSpan(start, end - start);
            if (KeyPrefix(word) is { } prefix)
            {
                Hide(start, end, prefix + Mark);
            }
            else if (word.Contains('.'))
            {
                if (IsIpv4(word))
                {
                    Hide(start, end, "***.***.***.***");
                }
                else if (IsHost(word))
                {
                    Hide(start, end, MaskHost(word));
                }
            }

            return Math.Max(end, start + 1);
        }

        /// <summary>Masks what follows a scheme: authority, path and query.</summary>
        private int Url(int start)
        {
            var length = _text.AsSpan(start).IndexOfAny(UrlEnd);
            var end = length < 0 ? _text.Length : start + length;

            // An IPv6 address stands in brackets, which end any other address.
            if (start < _text.Length && _text[start] == '[' && _text.AsSpan(start).IndexOf(']') is var close and > 0)
            {
                length = _text.AsSpan(start + close).IndexOfAny(UrlEnd);
                var after = _text.AsSpan(start + close + 1).IndexOfAny(UrlEnd);
                end = after < 0 ? _text.Length : start + close + 1 + after;
            }

            while (end > start && _text[end - 1] is '.' or ':' or '!' or '?')
            {
                end--;
            }

            if (end == start)
            {
                return start;
            }

            var url = _text.AsSpan(start, end - start);
            var masked = new StringBuilder();
            var pathAt = url.IndexOfAny('/', '?', '#');
            var authority = pathAt < 0 ? url : url[..pathAt];
            authority = authority[(authority.LastIndexOf('@') + 1)..];
            MaskAuthority(authority, masked);
            if (pathAt >= 0)
            {
                MaskPath(url[pathAt..], masked);
            }

            Hide(start, end, masked.ToString());
            return end;
        }

        private static void MaskAuthority(ReadOnlySpan<char> authority, StringBuilder masked)
        {
            if (authority.IsEmpty || authority[0] == '[')
            {
                masked.Append(Mark);
                return;
            }

            var port = authority.IndexOf(':');
            var host = port < 0 ? authority : authority[..port];
            if (IsIpv4(host))
            {
                masked.Append("***.***.***.***");
                return;
            }

            if (host.IndexOfAnyExcept('*', '.') < 0)
            {
                // Masked before.
                masked.Append(host);
                return;
            }

            var dot = host.LastIndexOf('.');
            masked.Append(Mark);
            if (dot >= 0)
            {
                masked.Append(host[dot..]);
            }
        }

        private static void MaskPath(ReadOnlySpan<char> path, StringBuilder masked)
        {
            var fragment = path.IndexOf('#');
            path = fragment < 0 ? path : path[..fragment];
            var queryAt = path.IndexOf('?');
            var query = queryAt < 0 ? default : path[(queryAt + 1)..];
            path = queryAt < 0 ? path : path[..queryAt];
            foreach (var range in path.Split('/'))
            {
                var segment = path[range];
                if (range.Start.Value > 0)
                {
                    masked.Append('/');
                }

                if (!segment.IsEmpty)
                {
                    masked.Append(Mark);
                }
            }

            var first = true;
            foreach (var range in query.Split('&'))
            {
                var pair = query[range];
                if (pair.IsEmpty)
                {
                    continue;
                }

                var equals = pair.IndexOf('=');
                masked.Append(first ? '?' : '&');
                masked.Append(equals < 0 ? Mark : pair[..equals]).Append(equals < 0 ? "" : "=" + Mark);
                first = false;
            }
        }

        /// <summary><c>api_key=…</c>, <c>"api_key": "…"</c>, <c>Authorization: Bearer …</c>, <c>Bearer …</c>.</summary>
        private readonly bool TryNamedValue(int start, int end, out int value, out int valueEnd)
        {
            value = valueEnd = 0;
            var word = _text.AsSpan(start, end - start);
            int at;
            if (word.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
            {
                at = end;
                if (at >= _text.Length || _text[at] != ' ')
                {
                    return false;
                }

                at++;
                var bearerEnd = ValueEndFrom(at);

                // "Bearer token required" is a sentence.
                if (bearerEnd - at < 12 || _text.AsSpan(at, bearerEnd - at).IndexOfAnyInRange('0', '9') < 0)
                {
                    return false;
                }

                (value, valueEnd) = (at, bearerEnd);
                return true;
            }

            at = -1;
            foreach (var name in KeyNames)
            {
                if (_text.AsSpan(start).StartsWith(name, StringComparison.OrdinalIgnoreCase) && start + name.Length >= end)
                {
                    at = start + name.Length;
                    break;
                }

                if (word.EndsWith(name, StringComparison.OrdinalIgnoreCase))
                {
                    at = end;
                    break;
                }
            }

            if (at < 0)
            {
                return false;
            }

            at = SkipAny(at, "\"'` ");
            if (at >= _text.Length || _text[at] is not (':' or '='))
            {
                return false;
            }

            at = SkipAny(at + 1, "\"'` ");
            if (_text.AsSpan(at).StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            {
                at = SkipAny(at + "Bearer ".Length, " ");
            }

            var stop = ValueEndFrom(at);
            while (stop > at && _text[stop - 1] is '.' or ':' or '!' or '?')
            {
                stop--;
            }

            if (stop - at < 4)
            {
                return false;
            }

            (value, valueEnd) = (at, stop);
            return true;
        }

        private readonly int ValueEndFrom(int at)
        {
            var length = _text.AsSpan(at).IndexOfAny(ValueEnd);
            return length < 0 ? _text.Length : at + length;
        }

        private readonly int SkipAny(int at, string chars)
        {
            while (at < _text.Length && chars.Contains(_text[at]))
            {
                at++;
            }

            return at;
        }

        private void Hide(int start, int end, string mask)
        {
            if (_text.AsSpan(start, end - start).SequenceEqual(mask))
            {
                return;
            }

            _masked ??= new StringBuilder(_text.Length);
            _masked.Append(_text, _copied, start - _copied).Append(mask);
            _copied = end;
        }

        private static string? KeyPrefix(ReadOnlySpan<char> word)
        {
            foreach (var prefix in KeyPrefixes)
            {
                // Long enough, and not a plain word: "sk-learn-compatible" is none.
                if (word.StartsWith(prefix, StringComparison.Ordinal) && word.Length >= prefix.Length + 8
                    && (word.Contains('*') || word.IndexOfAnyInRange('0', '9') >= 0 || word.Length >= prefix.Length + 24))
                {
                    return prefix;
                }
            }

            return null;
        }

        private static bool IsIpv4(ReadOnlySpan<char> word)
        {
            var parts = 0;
            foreach (var range in word.Split('.'))
            {
                var part = word[range];
                if (part.Length is 0 or > 3 || part.ContainsAnyExceptInRange('0', '9') || int.Parse(part) > 255)
                {
                    return false;
                }

                parts++;
            }

            return parts == 4;
        }

        private static bool IsHost(ReadOnlySpan<char> word)
        {
            var labels = 0;
            ReadOnlySpan<char> last = default;
            foreach (var range in word.Split('.'))
            {
                var label = word[range];
                if (label.Length is 0 or > 63 || label.Contains('*'))
                {
                    return false;
                }

                labels++;
                last = label;
            }

            if (labels < 2 || last.ContainsAny(DigitsAndSigns))
            {
                return false;
            }

            return TopLevels.GetAlternateLookup<ReadOnlySpan<char>>().Contains(last)
                || (labels >= 3 && (word.StartsWith("api.", StringComparison.OrdinalIgnoreCase)
                    || word.StartsWith("www.", StringComparison.OrdinalIgnoreCase)));
        }

        private static string MaskHost(ReadOnlySpan<char> host)
        {
            var masked = new StringBuilder();
            for (var labels = host.Count('.'); labels > 0; labels--)
            {
                masked.Append("***.");
            }

            return masked.Append(host[(host.LastIndexOf('.') + 1)..]).ToString();
        }
    }

    private static readonly SearchValues<char> DigitsAndSigns = SearchValues.Create("0123456789-_");
}
