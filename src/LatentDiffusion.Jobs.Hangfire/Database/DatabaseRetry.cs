namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>Repeats calls while the database restarts or the network is interrupted.</summary>
internal static class DatabaseRetry
{
    // A restart of the database on a busy machine.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <param name="database">The database.</param>
    /// <param name="call">The call. It may run again although the database did what it asked for.</param>
    /// <param name="longestPause">The longest pause between two attempts.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public static async Task<T> RetryAsync<T>(
        this JobDatabase database, Func<Task<T>> call, TimeSpan longestPause, CancellationToken cancellationToken)
    {
        long start = TimeProvider.System.GetTimestamp();
        for (TimeSpan pause = TimeSpan.FromMilliseconds(50); ; pause *= 2)
        {
            try
            {
                return await call().ConfigureAwait(false);
            }
            catch (Exception e) when (database.IsTransient(e) && TimeProvider.System.GetElapsedTime(start) < s_patience)
            {
                await Task.Delay(pause < longestPause ? pause : longestPause, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
