namespace LatentDiffusion.Judge;

/// <summary>Progress that is reported synchronously, on the calling thread.</summary>
internal sealed class SynchronousProgress<T>(Action<T> action) : IProgress<T>
{
    void IProgress<T>.Report(T value) => action(value);
}
