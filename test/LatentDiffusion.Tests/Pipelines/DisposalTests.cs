using Microsoft.Extensions.DependencyInjection;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Pipelines, models and embeddings that are disposed while something generates.</summary>
public sealed class DisposalTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private static GenerationRequest Endless(string prompt) => ProbedModel.Request(prompt) with { Steps = 1000 };

    [Fact]
    public async Task Dispose_cancels_all_calls_and_frees_the_model_last()
    {
        var owned = new WatchedDisposal();
        using var started = new ManualResetEventSlim();
        DiffusionPipeline pipeline = Owning(owned, started).Configure(o => o.MaxConcurrentGenerations = 1).Build();
        owned.Evaluating = () => Assert.False(owned.IsDisposed);
        Task<GenerationResult> running = pipeline.GenerateAsync(Endless("running")), waiting = pipeline.GenerateAsync(Endless("waiting"));
        Assert.True(started.Wait(s_patience));
        await pipeline.DisposeAsync();
        Assert.True(owned.IsDisposed);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => running);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
        Assert.Throws<ObjectDisposedException>(() => pipeline.Generate(Endless("late")));
        Assert.Throws<ObjectDisposedException>(() => pipeline.Encode(["late"]));
        Assert.Throws<ObjectDisposedException>(() => pipeline.GenerateStreamingAsync(Endless("late")));
        pipeline.Dispose();
        await pipeline.DisposeAsync();
    }

    [Fact]
    public void Dispose_from_a_progress_callback_does_not_deadlock()
    {
        var owned = new WatchedDisposal();
        DiffusionPipeline pipeline = Owning(owned).Build();
        bool freedInside = true;
        var progress = new Callback(() =>
        {
            pipeline.Dispose();
            Task.Run(pipeline.Dispose).Wait();
            freedInside = owned.IsDisposed;
        });
        Assert.Throws<ObjectDisposedException>(() => pipeline.Generate(Endless("self"), progress));
        Assert.False(freedInside);
        Assert.True(owned.IsDisposed);
    }

    [Fact]
    public async Task Pipelines_that_dispose_each_other_from_callbacks_end()
    {
        DiffusionPipeline first = Owning(new WatchedDisposal()).Build(), second = Owning(new WatchedDisposal()).Build();
        using var both = new Barrier(2);
        Task one = Task.Run(() => first.Generate(Endless("one"), new Callback(() => Meet(second))));
        Task other = Task.Run(() => second.Generate(Endless("other"), new Callback(() => Meet(first))));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => one.WaitAsync(s_patience));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => other.WaitAsync(s_patience));

        void Meet(DiffusionPipeline victim)
        {
            // Once: either may make one more step before the other has disposed its pipeline.
            if (both.CurrentPhaseNumber == 0) both.SignalAndWait(s_patience);
            victim.Dispose();
        }
    }

    [Fact]
    public async Task Dispose_within_a_stream_ends_the_enumeration()
    {
        var owned = new WatchedDisposal();
        DiffusionPipeline pipeline = Owning(owned).Build();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
        {
            await foreach (GenerationUpdate _ in pipeline.GenerateStreamingAsync(Endless("stream"), previewEvery: 0)) pipeline.Dispose();
        });
        Assert.True(owned.IsDisposed);
    }

    [Fact]
    public async Task A_container_disposed_during_a_request_ends_it()
    {
        var services = new ServiceCollection();
        services.AddLatentDiffusion().UseModelFolder(model.Folder, CPU);
        ServiceProvider provider = services.BuildServiceProvider();
        using var started = new ManualResetEventSlim();
        Task<GenerationResult> running = provider.GetRequiredService<DiffusionPipeline>()
            .GenerateAsync(Endless("a request"), new Callback(started.Set));
        Assert.True(started.Wait(s_patience));
        await provider.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => running);
    }

    [Fact]
    public async Task A_model_disposed_during_a_generation_ends_it()
    {
        DiffusionModel opened = DiffusionModel.Open(model.Folder, CPU);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseTextEncoder(opened.TextEncoder).UseDenoiser(opened.Denoiser).UseAutoencoder(opened.Autoencoder)
            .UseScheduler(NoiseScheduler.FromConfig(opened.SchedulerConfig)).Build();
        using var started = new ManualResetEventSlim();
        Task<GenerationResult> running = pipeline.GenerateAsync(Endless("of a guest"), new Callback(started.Set));
        Assert.True(started.Wait(s_patience));
        opened.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => running);
        Assert.Throws<ObjectDisposedException>(() => pipeline.Generate(ProbedModel.Request("late")));
        Assert.Throws<ObjectDisposedException>(() => pipeline.Encode(["late"]));
    }

    [Fact]
    public void Calls_of_a_disposed_model_say_so()
    {
        DiffusionModel opened = DiffusionModel.Open(model.Folder, CPU);
        using Conditioning text = opened.TextEncoder.Encode(["a"]);
        using Tensor latents = zeros(1, 4, 8, 8), image = zeros(1, 3, 16, 16);
        ModelComponents components = opened.Components!;
        components.Dispose();
        opened.Dispose();
        opened.Dispose();
        Action[] calls =
        [
            () => opened.TextEncoder.Encode(["a"]),
            () => opened.Denoiser.Predict(latents, 1, text),
            () => opened.Autoencoder.Decode(latents),
            () => opened.Autoencoder.Encode(image),
            () => opened.SetLoras(),
            () => opened.Save(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())),
            () => opened.Denoiser.TryMoveTo(CPU), () => components.UNet.call(new UNetInput(latents, zeros(1), text.HiddenStates)),
            () => new UNetDenoiser(components.UNet),
            () => LatentAutoencoder.Create(components.Autoencoder),
            () => components.TextEncoder!.HiddenState(zeros(1, 16, int64), 1),
        ];
        Assert.All(calls, call => Assert.Throws<ObjectDisposedException>(call));
    }

    [Fact]
    public void Embeddings_disposed_during_a_generation_stay_until_its_end()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        Conditioning prompt = pipeline.Encode(["a blue bird"]), negative = pipeline.EncodeUnconditional();
        GenerationRequest request = ProbedModel.Request("") with { PromptEmbeds = prompt, NegativePromptEmbeds = negative };
        byte[] expected = pipeline.Generate(request).Images[0].Image.Rgb.ToArray();
        GenerationResult result = pipeline.Generate(request, new Callback(() =>
        {
            prompt.Dispose();
            negative.Dispose();
            Assert.False(prompt.HiddenStates.IsInvalid);
        }));
        Assert.Equal(expected, result.Images[0].Image.Rgb.ToArray());
        Assert.True(prompt.HiddenStates.IsInvalid && negative.HiddenStates.IsInvalid);
        Assert.Throws<ObjectDisposedException>(() => pipeline.Generate(request));
        Assert.Throws<ObjectDisposedException>(() => prompt.Slice(0, 1));
        Assert.Throws<ObjectDisposedException>(() => Conditioning.Concat(prompt, negative));
    }

    private DiffusionPipelineBuilder Owning(WatchedDisposal owned, ManualResetEventSlim? started = null) =>
        new DiffusionPipelineBuilder().UseModel(_ =>
    {
        DiffusionModel opened = DiffusionModel.Open(model.Folder, CPU);
        owned.Inner = opened.Denoiser;
        owned.Started = started;
        return new DiffusionModel(owned, opened.TextEncoder, opened.Autoencoder, opened.SchedulerConfig, opened.SampleSize, opened.Device);
    });

    private sealed class Callback(Action action) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value) => action();
    }

    [Fact]
    public void Held_embeddings_are_freed_by_the_last_holder_and_once()
    {
        var embeddings = new Conditioning(TorchSharp.torch.ones(1, 2, 3));
        IDisposable first = embeddings.Hold(), second = embeddings.Hold();
        embeddings.Dispose();
        first.Dispose();
        first.Dispose();
        Assert.False(embeddings.HiddenStates.IsInvalid);
        second.Dispose();
        Assert.True(embeddings.HiddenStates.IsInvalid);
        Assert.Throws<ObjectDisposedException>(embeddings.Hold);
    }

    /// <summary>A denoiser that knows whether it is disposed.</summary>
    private sealed class WatchedDisposal : IDenoiser, IDisposable
    {
        public IDenoiser Inner { get; set; } = null!;

        public ManualResetEventSlim? Started { get; set; }

        public Action? Evaluating { get; set; }

        public bool IsDisposed { get; private set; }

        public DenoiserDescription Description => Inner.Description;

        public Tensor Predict(DenoiserInput input)
        {
            Started?.Set();
            Evaluating?.Invoke();
            Tensor prediction = Inner.Predict(input);
            Evaluating?.Invoke();
            return prediction;
        }

        public void Dispose()
        {
            IsDisposed = true;
            ((IDisposable)Inner).Dispose();
        }
    }
}
