namespace LatentDiffusion.Client;

/// <summary>Settings of a <see cref="HttpImageGenerator"/>.</summary>
public sealed class LatentDiffusionClientOptions
{
    /// <summary>
    /// Key that the server expects, of visible ASCII characters. It is sent as a bearer token, and never logged. Null, the default, for a
    /// server without keys.
    /// </summary>
    public string? ApiKey { get; set; }

    /// <summary>Model of requests that do not name one. Null, the default, for the server's default model.</summary>
    public string? Model { get; set; }

    /// <summary>
    /// How long a call may take, more than zero, including its wait in the server's queue; then the job is cancelled and the call throws a
    /// <see cref="TimeoutException"/>. Null, the default, for no limit here: the server has its own.
    /// </summary>
    public TimeSpan? TimeLimit { get; set; }

    /// <summary>Largest response to read, in bytes, at least 1. Default 1 GiB.</summary>
    public long MaximumResponseBytes { get; set; } = 1L << 30;

    /// <summary>What is wrong with the options; null if nothing is.</summary>
    internal string? Refusal =>
        ApiKey is not null && (ApiKey.Length == 0 || ApiKey.Any(c => c is <= ' ' or > '~'))
            ? $"{nameof(ApiKey)} is empty or has characters other than visible ASCII characters."
        : TimeLimit is { } limit && (limit <= TimeSpan.Zero || limit > MaximumTimeLimit)
            ? $"{nameof(TimeLimit)} is {limit}; expected more than zero and at most {MaximumTimeLimit}."
        : MaximumResponseBytes < 1 ? $"{nameof(MaximumResponseBytes)} is {MaximumResponseBytes}; expected at least 1."
        : null;

    // Timers count milliseconds in 32 bits, which is a little more.
    private static TimeSpan MaximumTimeLimit { get; } = TimeSpan.FromDays(24);
}
