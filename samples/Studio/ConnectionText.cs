using Npgsql;

namespace Studio;

/// <summary>Rules of connection strings, which messages do not show: they have passwords.</summary>
internal static class ConnectionText
{
    /// <summary>What is wrong with a connection string; null if nothing is.</summary>
    public static string? Refusal(string text)
    {
        const string Expected = "expected for example Host=10.0.0.1;Database=studio;Username=studio;Password=…";
        try
        {
            return string.IsNullOrWhiteSpace(new NpgsqlConnectionStringBuilder(text).Host) ? $"has no Host; {Expected}" : null;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidCastException)
        {
            return $"is not a connection string of PostgreSQL; {Expected}";
        }
    }
}
