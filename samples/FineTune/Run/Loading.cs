using LatentDiffusion.Samples;

namespace FineTune;

/// <summary>Reading of large files, which nothing can stop halfway.</summary>
internal static class Loading
{
    /// <summary>Loads; a cancellation meanwhile ends the process at once, because nothing is written yet.</summary>
    public static T Interruptible<T>(Func<T> load, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using CancellationTokenRegistration registration = cancellationToken.Register(() =>
        {
            Console.Error.WriteLine("Cancelled while the model was loading; nothing was written.");
            ProcessEnd.Now(CommandError.Cancelled);
        });
        return load();
    }
}
