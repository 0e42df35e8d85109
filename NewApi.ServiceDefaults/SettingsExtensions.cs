using Microsoft.Extensions.Hosting;

namespace NewApi.ServiceDefaults;

/// <summary>Gives all modules of one host the same <see cref="SettingsReader"/>.</summary>
public static class SettingsExtensions
{
    private static readonly object Key = typeof(SettingsReader);

    /// <summary>The reader of this builder; every call on the same builder returns the same instance.</summary>
    public static SettingsReader Settings(this IHostApplicationBuilder builder)
    {
        if (builder.Properties.TryGetValue(Key, out var found) && found is SettingsReader reader)
        {
            return reader;
        }

        reader = new SettingsReader(builder.Configuration);
        builder.Properties[Key] = reader;
        return reader;
    }
}
