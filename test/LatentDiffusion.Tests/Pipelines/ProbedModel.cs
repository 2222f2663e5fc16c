using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>A tiny model that reports each computation by a callback before it starts.</summary>
internal sealed class ProbedModel(string folder) : IDisposable
{
    private readonly DiffusionModel _model = DiffusionModel.Open(folder, CPU);
    private int _evaluations;

    public List<string> Encoded { get; } = [];

    public int Evaluations => _evaluations;

    /// <summary>All calls of the networks, in their order: <c>text: …</c>, <c>encode</c>, <c>evaluate</c> and <c>decode</c>.</summary>
    public List<string> Work { get; } = [];

    /// <summary>Receives each call before it is made.</summary>
    public Action<string>? BeforeWork { get; set; }

    public Action? BeforeEvaluation { get; set; }

    public DiffusionPipelineBuilder Builder() => new DiffusionPipelineBuilder()
        .UseTextEncoder(new Encoder(this)).UseDenoiser(new Denoiser(this)).UseAutoencoder(new Autoencoder(this))
        .UseScheduler(KnownSchedulers.Ddim.Create(_model.SchedulerConfig)).UseClassifierFreeGuidance(1);

    /// <summary>Ready for a request without a size: custom components without a model default to large images.</summary>
    public static GenerationRequest Request(string prompt) => new() { Prompt = prompt, Seed = 1, Steps = 2, Width = 16, Height = 16 };

    public void Dispose() => _model.Dispose();

    private void Tell(string work)
    {
        lock (Work) Work.Add(work);
        BeforeWork?.Invoke(work);
    }

    private sealed class Encoder(ProbedModel probed) : ITextEncoder
    {
        public int MaxLength => probed._model.TextEncoder.MaxLength;

        public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default)
        {
            lock (probed.Encoded) probed.Encoded.AddRange(prompts);
            probed.Tell($"text: {string.Join(", ", prompts)}");
            return probed._model.TextEncoder.Encode(prompts);
        }
    }

    private sealed class Denoiser(ProbedModel probed) : IDenoiser
    {
        // Without the text's width: the pipeline would encode a text to compare with it.
        public DenoiserDescription Description { get; } = probed._model.Denoiser.Description with { TextWidth = null };

        public Tensor Predict(DenoiserInput input)
        {
            Interlocked.Increment(ref probed._evaluations);
            probed.Tell("evaluate");
            probed.BeforeEvaluation?.Invoke();
            return probed._model.Denoiser.Predict(input);
        }
    }

    private sealed class Autoencoder(ProbedModel probed) : IAutoencoder
    {
        public int LatentChannels => probed._model.Autoencoder.LatentChannels;

        public int DownsamplingFactor => probed._model.Autoencoder.DownsamplingFactor;

        public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default)
        {
            probed.Tell("encode");
            return probed._model.Autoencoder.Encode(images);
        }

        public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default)
        {
            probed.Tell("decode");
            return probed._model.Autoencoder.Decode(latents);
        }
    }
}
