namespace LatentDiffusion.Evaluation;

/// <summary>Reports on the calling thread, unlike <see cref="Progress{T}"/>.</summary>
internal sealed class StageProgress<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}
