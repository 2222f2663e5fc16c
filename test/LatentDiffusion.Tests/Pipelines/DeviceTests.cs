using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>
/// Where a pipeline computes. The meta device, whose tensors have shapes and no values, stands for a GPU: what mixes it with
/// the CPU throws.
/// </summary>
public sealed class DeviceTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly GenerationRequest s_request = new() { Prompt = "a star", Seed = 1, Steps = 2, Width = 16, Height = 16 };

    [Fact]
    public void Parts_without_a_model_are_given_everything_on_their_device()
    {
        var parts = new Parts(META);
        using DiffusionPipeline pipeline = parts.Builder().UseDevice(META).Build();
        pipeline.Generate(s_request);
        Assert.Equal(["denoiser", "decoder"], parts.Reached);

        // Images to start from, and embeddings that come from elsewhere.
        parts.Reached.Clear();
        var image = new ImageBuffer(16, 16, new byte[3 * 16 * 16]);
        using Conditioning embeds = new(zeros(1, 1, 1));
        pipeline.Generate(s_request with { InitialImage = image, Strength = 0.5, PromptEmbeds = embeds, NegativePromptEmbeds = embeds });
        Assert.Equal(["encoder", "denoiser", "decoder"], parts.Reached);

        using DiffusionPipeline elsewhere = new Parts(META).Builder().Build();
        Assert.Equal("latents on cpu", Assert.Throws<InvalidOperationException>(() => elsewhere.Generate(s_request)).Message);
    }

    [Fact]
    public void Offloaded_parts_come_to_the_device_and_wait_at_home()
    {
        var parts = new Parts(META);
        using DiffusionPipeline pipeline = parts.Builder().UseDevice(META).UseOffload(CPU).Build();
        Assert.Equal([DeviceType.CPU], parts.Places);
        pipeline.Generate(s_request);
        // One object is all three parts, each of which has its stage.
        Assert.Equal(
            [DeviceType.CPU, .. Enumerable.Repeat<DeviceType[]>([DeviceType.META, DeviceType.CPU], 3).SelectMany(p => p)],
            parts.Places);
    }

    [Fact]
    public void Another_device_than_the_models_is_refused()
    {
        var e = Assert.Throws<InvalidOperationException>(() =>
            new DiffusionPipelineBuilder().UseModelFolder(model.Folder, CPU).UseDevice(META).Build());
        Assert.StartsWith("Device is meta, and the model was opened on cpu", e.Message, StringComparison.Ordinal);
        using DiffusionPipeline same = new DiffusionPipelineBuilder()
            .UseDevice(new Device(DeviceType.CPU, 0))
            .UseModel(_ => DiffusionModel.Open(model.Folder, CPU))
            .Build();
        Assert.Single(same.Generate(s_request).Images);
        Assert.Throws<ArgumentNullException>(() => new DiffusionPipelineBuilder().UseDevice(null!));
    }

    [Fact]
    public void A_model_folder_without_a_device_is_read_to_it()
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(model.Folder).UseDevice(META).Build();
        Assert.Equal(DeviceType.META, pipeline.Model!.Device.type);
        Assert.All(pipeline.Model.Components!.UNet.parameters(), p => Assert.Equal(DeviceType.META, p.device_type));
    }

    [Fact]
    public void A_device_that_is_not_there_is_refused()
    {
        if (cuda.is_available()) return;
        var e = Assert.Throws<InvalidOperationException>(() => new Parts(CPU).Builder().UseDevice(new Device(DeviceType.CUDA, 0)).Build());
        Assert.Contains("has no CUDA", e.Message, StringComparison.Ordinal);
    }

    /// <summary>Components on a device that record their inputs.</summary>
    private sealed class Parts(Device device) : ITextEncoder, IDenoiser, IAutoencoder
    {
        /// <summary>Parts that were given tensors, each once.</summary>
        public List<string> Reached { get; } = [];

        /// <summary>Where they were, each followed by another.</summary>
        public List<DeviceType> Places { get; } = [];

        public int MaxLength => 1;

        public DenoiserDescription Description { get; } = new() { LatentChannels = 4 };

        public int LatentChannels => 4;

        public int DownsamplingFactor => 2;

        public DiffusionPipelineBuilder Builder() => new DiffusionPipelineBuilder()
            .UseTextEncoder(this).UseDenoiser(this).UseAutoencoder(this).UseScheduler(KnownSchedulers.Euler.Create(SchedulerConfig.Empty));

        public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default) =>
            new(zeros(prompts.Count, 1, 1, device: device));

        public Tensor Predict(DenoiserInput input)
        {
            Reach("denoiser", input.Latents, "latents");
            Reach("denoiser", input.Conditioning.HiddenStates, "text");
            return input.Latents * 0.5;
        }

        public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default)
        {
            Reach("encoder", images, "images");
            return new LatentDistribution(zeros(images.shape[0], 4, images.shape[2] / 2, images.shape[3] / 2, device: device));
        }

        public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default)
        {
            Reach("decoder", latents, "latents");
            // As if copied back: nothing can be read from the meta device.
            return zeros(latents.shape[0], 3, latents.shape[2] * 2, latents.shape[3] * 2);
        }

        public bool TryMoveTo(Device to)
        {
            if (Places.Count == 0 || Places[^1] != to.type) Places.Add(to.type);
            return true;
        }

        private void Reach(string part, Tensor given, string what)
        {
            if (given.device_type != device.type)
                throw new InvalidOperationException($"{what} on {given.device_type.ToString().ToLowerInvariant()}");
            if (!Reached.Contains(part)) Reached.Add(part);
        }
    }
}
