using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Ecosystem;

/// <summary>A tiny model that tells of each text it encodes, and calls back before each evaluation of its denoiser.</summary>
internal sealed class ProbedModel(string folder) : IDisposable
{
    private readonly DiffusionModel _model = DiffusionModel.Open(folder, CPU);
    private int _evaluations;

    public List<string> Encoded { get; } = [];

    public int Evaluations => _evaluations;

    public Action? BeforeEvaluation { get; set; }

    public DiffusionPipelineBuilder Builder() => new DiffusionPipelineBuilder()
        .UseTextEncoder(new Encoder(this)).UseDenoiser(new Denoiser(this)).UseAutoencoder(_model.Autoencoder)
        .UseScheduler(KnownSchedulers.Ddim.Create(_model.SchedulerConfig)).UseClassifierFreeGuidance(1);

    /// <summary>Ready for a request without a size: parts handed in alone default to large pictures.</summary>
    public static GenerationRequest Request(string prompt) => new() { Prompt = prompt, Seed = 1, Steps = 2, Width = 16, Height = 16 };

    public void Dispose() => _model.Dispose();

    private sealed class Encoder(ProbedModel probed) : ITextEncoder
    {
        public int MaxLength => probed._model.TextEncoder.MaxLength;

        public Conditioning Encode(IReadOnlyList<string> prompts)
        {
            lock (probed.Encoded) probed.Encoded.AddRange(prompts);
            return probed._model.TextEncoder.Encode(prompts);
        }
    }

    private sealed class Denoiser(ProbedModel probed) : IDenoiser
    {
        public int InChannels => probed._model.Denoiser.InChannels;

        public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning)
        {
            Interlocked.Increment(ref probed._evaluations);
            probed.BeforeEvaluation?.Invoke();
            return probed._model.Denoiser.Predict(latents, timestep, conditioning);
        }
    }
}
