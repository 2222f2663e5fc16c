using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Progress that also looks at the latents.</summary>
internal interface IStepObserver : IProgress<GenerationProgress>
{
    /// <summary>Called between the network's evaluation and the scheduler's step, on the thread that generates.</summary>
    void Observe(ISchedulerRun run, Tensor sample, Tensor prediction, CancellationToken cancellationToken);
}
