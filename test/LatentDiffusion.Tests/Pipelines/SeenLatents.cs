using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>
/// Takes the places of scheduler and autoencoder, both of which do what they did, to see the latents that go into each step and those at
/// the end.
/// </summary>
internal sealed class SeenLatents(INoiseScheduler scheduler, IAutoencoder autoencoder) : INoiseScheduler, IAutoencoder
{
    /// <summary>In the order in which they were: before the first step, after each of them.</summary>
    public List<Tensor> Seen { get; } = [];

    /// <summary>Inputs of the denoiser at each evaluation, and their devices.</summary>
    public List<(Tensor Input, double Timestep)> Inputs { get; } = [];

    public PredictionType PredictionType => scheduler.PredictionType;

    public int TrainingTimesteps => scheduler.TrainingTimesteps;

    public int LatentChannels => autoencoder.LatentChannels;

    public int DownsamplingFactor => autoencoder.DownsamplingFactor;

    public SamplingPlan Plan(SamplingOptions options, LatentShape shape) => scheduler.Plan(options, shape);

    public ISchedulerRun Start(SamplingPlan plan, INoiseSource? noise) => new Run(this, scheduler.Start(plan, noise));

    public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default) => autoencoder.Encode(images);

    public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default)
    {
        Seen.Add(Kept(latents));
        return autoencoder.Decode(latents);
    }

    private static Tensor Kept(Tensor x) => x.clone().DetachFromDisposeScope();

    private sealed class Run(SeenLatents owner, ISchedulerRun run) : ISchedulerRun
    {
        public SamplingPlan Plan => run.Plan;

        public int StepIndex => run.StepIndex;

        public Tensor ScaleModelInput(Tensor sample)
        {
            Tensor scaled = run.ScaleModelInput(sample);
            owner.Inputs.Add((Kept(scaled), run.Timestep));
            return scaled;
        }

        public Tensor Step(Tensor modelOutput, Tensor sample)
        {
            owner.Seen.Add(Kept(sample));
            return run.Step(modelOutput, sample);
        }

        public Tensor AddNoise(Tensor sample, Tensor noise) => run.AddNoise(sample, noise);

        public void Dispose() => run.Dispose();
    }
}
