namespace LatentDiffusion;

/// <summary>Reports the evaluations of one pass as those of the whole generation.</summary>
/// <param name="progress">Receives them; null for none.</param>
/// <param name="run">The scheduler's run of the pass, where it begins.</param>
/// <param name="pass">The pass.</param>
/// <param name="batch">The batch that has the pass.</param>
internal sealed class PassProgress(
    IProgress<GenerationProgress>? progress, ISchedulerRun run, GenerationPass pass, PassProgress.Batch batch)
{
    private readonly int _before = batch.Index * pass.Evaluations + pass.Before - run.StepIndex;
    private readonly int _evaluations = batch.Count * pass.Evaluations;

    /// <summary>Reports that the run has made a step.</summary>
    /// <param name="timestep">The timestep of the step.</param>
    public void Report(double timestep) =>
        progress?.Report(new GenerationProgress(_before + run.StepIndex, _evaluations, batch.FirstImage, timestep));

    /// <summary>A batch of a generation.</summary>
    /// <param name="Index">Which it is, from 0.</param>
    /// <param name="Count">Batches of the generation.</param>
    /// <param name="FirstImage">Its first image in the generation, from 0.</param>
    internal readonly record struct Batch(int Index, int Count, int FirstImage);
}
