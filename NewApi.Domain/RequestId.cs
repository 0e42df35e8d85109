namespace NewApi.Domain;

/// <summary>
/// Names one request: UTC <c>yyyyMMddHHmmss</c>, nine digits of nanoseconds, eight random letters and digits (specification: relay §8.5).
/// Ids of one process sort by time, which keeps the ledger's index append-only in practice.
/// </summary>
public static class RequestId
{
    public const string Header = "X-Oneapi-Request-Id";

    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const int Length = 31;

    public static string Next(TimeProvider clock)
    {
        return string.Create(Length, clock.GetUtcNow(), static (text, now) =>
        {
            now.TryFormat(text, out _, "yyyyMMddHHmmss");
            (now.Ticks % TimeSpan.TicksPerSecond * 100).TryFormat(text[14..], out _, "D9");
            Span<byte> random = stackalloc byte[8];
            Random.Shared.NextBytes(random);
            for (var i = 0; i < random.Length; i++)
            {
                // 256 is not a multiple of 62; the small bias is fine for a name that is no secret.
                text[23 + i] = Alphabet[random[i] % Alphabet.Length];
            }
        });
    }
}
