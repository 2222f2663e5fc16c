using System.Collections.Concurrent;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>
/// The parts of a model, each of which writes down its moves, refuses to work anywhere but on the CPU, and to be moved while
/// it works. Waiting is on the meta device, so that the two differ; the weights themselves stay.
/// </summary>
internal sealed class OffloadedParts(DiffusionModel model)
{
    /// <summary>Events: <c>text in</c>, <c>text</c> (at work), <c>text out</c>, and so on.</summary>
    public ConcurrentQueue<string> Events { get; } = [];

    public ConcurrentBag<string> Errors { get; } = [];

    public Action<string>? BeforeWork { get; set; }

    /// <summary>Which part finds no room.</summary>
    public string? TooLarge { get; set; }

    public IReadOnlyList<string> Moves => [.. Events.Where(e => e.Contains(' '))];

    /// <param name="scheduler">The scheduler; null for DDIM.</param>
    public DiffusionPipelineBuilder Builder(INoiseScheduler? scheduler = null)
    {
        Text text = new(new Part(this, "text"), model.TextEncoder);
        Denoiser denoiser = new(new Part(this, "denoiser"), model.Denoiser);
        Autoencoder autoencoder = new(new Part(this, "autoencoder"), model.Autoencoder);
        return new DiffusionPipelineBuilder().UseTextEncoder(text).UseDenoiser(denoiser).UseAutoencoder(autoencoder)
            .UseScheduler(scheduler ?? KnownSchedulers.Ddim.Create(model.SchedulerConfig)).UseClassifierFreeGuidance(2).UseOffload(META);
    }

    private sealed class Part(OffloadedParts all, string name) : IOffloadable
    {
        private int _working;
        private bool _here = true;

        public bool TryMoveTo(Device device)
        {
            bool there = device.type == DeviceType.CPU;
            if (Volatile.Read(ref _working) > 0) all.Errors.Add($"{name} was moved while it worked.");
            if (there && all.TooLarge == name)
            {
                all.Events.Enqueue($"{name} failed");
                throw new InvalidOperationException($"no room for {name}");
            }

            if (_here != there) all.Events.Enqueue(there ? $"{name} in" : $"{name} out");
            _here = there;
            return true;
        }

        public T Work<T>(Func<T> work)
        {
            Interlocked.Increment(ref _working);
            try
            {
                all.Events.Enqueue(name);
                all.BeforeWork?.Invoke(name);
                if (!_here) all.Errors.Add($"{name} worked while it was away.");
                return work();
            }
            finally
            {
                Interlocked.Decrement(ref _working);
            }
        }
    }

    private sealed class Text(Part part, ITextEncoder network) : ITextEncoder
    {
        public int MaxLength => network.MaxLength;

        public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default) =>
            part.Work(() => network.Encode(prompts));

        public bool TryMoveTo(Device device) => part.TryMoveTo(device);
    }

    private sealed class Denoiser(Part part, IDenoiser network) : IDenoiser
    {
        // Without the width of the text: the pipeline would encode a text to compare with it.
        public DenoiserDescription Description { get; } = network.Description with { TextWidth = null };

        public Tensor Predict(DenoiserInput input) => part.Work(() => network.Predict(input));

        public bool TryMoveTo(Device device) => part.TryMoveTo(device);
    }

    private sealed class Autoencoder(Part part, IAutoencoder network) : IAutoencoder
    {
        public int LatentChannels => network.LatentChannels;

        public int DownsamplingFactor => network.DownsamplingFactor;

        public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default) =>
            part.Work(() => network.Encode(images));

        public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default) => part.Work(() => network.Decode(latents));

        public bool TryMoveTo(Device device) => part.TryMoveTo(device);
    }
}
