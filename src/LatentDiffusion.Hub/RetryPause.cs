namespace LatentDiffusion.Hub;

/// <summary>Pauses between the attempts to resume a body.</summary>
internal static class RetryPause
{
    /// <summary>The pause after some failures in a row: doubled each time, and up to half longer at random, to spread clients.</summary>
    public static TimeSpan After(int failures, ModelHubOptions options)
    {
        double pause = options.RetryDelay.TotalMilliseconds * Math.Pow(2, Math.Min(failures - 1, 20));
        return TimeSpan.FromMilliseconds(Math.Min(pause * (1 + (Random.Shared.NextDouble() / 2)), options.MaxRetryDelay.TotalMilliseconds));
    }
}
