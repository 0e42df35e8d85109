using BCrypt.Net;

namespace NewApi.AdminService.Access;

/// <summary>
/// bcrypt, cost 10. One check burns tens of milliseconds of a core, so only some run at a time: a burst of logins waits in line
/// instead of taking every pool thread.
/// </summary>
/// <param name="cost">The logarithm of the work; less than the default is for tests.</param>
internal sealed class Passwords(int cost = Passwords.Cost) : IDisposable
{
    public const int Cost = 10;

    /// <summary>Hash of a random text nobody knows: checked for unknown names, so that they take as long as known ones.</summary>
    private readonly Lazy<string> _nobody = new(() => BCrypt.Net.BCrypt.HashPassword(Guid.NewGuid().ToString(), cost));

    private readonly SemaphoreSlim _places = new(Math.Max(1, Environment.ProcessorCount / 2));

    public async Task<string> HashAsync(string password, CancellationToken ct)
    {
        await _places.WaitAsync(ct);
        try
        {
            return BCrypt.Net.BCrypt.HashPassword(password, cost);
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>False for a wrong password, an empty or damaged hash, and a null hash (an unknown account).</summary>
    public async Task<bool> VerifyAsync(string password, string? hash, CancellationToken ct)
    {
        await _places.WaitAsync(ct);
        try
        {
            var known = hash is { Length: > 0 };
            return BCrypt.Net.BCrypt.Verify(password, known ? hash : _nobody.Value) && known;
        }
        catch (Exception fault) when (fault is SaltParseException or ArgumentException)
        {
            return false;
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();
}
