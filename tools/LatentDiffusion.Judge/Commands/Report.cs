namespace LatentDiffusion.Judge;

/// <summary>Progress that is told at once, on the thread that makes it.</summary>
internal sealed class Report<T>(Action<T> action) : IProgress<T>
{
    void IProgress<T>.Report(T value) => action(value);
}
