namespace LatentDiffusion;

/// <summary>Reports the evaluations of one pass as those of the whole generation.</summary>
/// <param name="progress">Receives them; null for nobody.</param>
/// <param name="run">The scheduler's run of the pass, where it begins.</param>
/// <param name="pass">The pass.</param>
/// <param name="batch">Which batch of the generation has the pass, from 0.</param>
/// <param name="batchSize">Images of a batch.</param>
/// <param name="images">Images of the generation.</param>
internal sealed class PassProgress(
    IProgress<GenerationProgress>? progress, ISchedulerRun run, GenerationPass pass, int batch, int batchSize, int images)
{
    private readonly int _before = batch * pass.Evaluations + pass.Before - run.StepIndex;
    private readonly int _evaluations = (images + batchSize - 1) / batchSize * pass.Evaluations;

    /// <summary>Reports that the run has made a step.</summary>
    /// <param name="timestep">The timestep of the step.</param>
    public void Report(double timestep) =>
        progress?.Report(new GenerationProgress(_before + run.StepIndex, _evaluations, batch * batchSize, timestep));
}
