using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace LatentDiffusion.Hub.Tests;

/// <summary>A whole model from a hub on this machine, down to an image.</summary>
public sealed class ModelDownloadTests : IDisposable
{
    private readonly TestHub _test = new();

    [Fact]
    public async Task A_published_model_generates_and_only_what_it_needs_is_downloaded()
    {
        DrawingsRepository.AddTo(_test.Server);
        var reports = new List<HubProgress>();
        using ModelHub hub = _test.Open();
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder()
            .UseModel(DrawingsRepository.Id, hub: hub, progress: new Receiver(reports));
        using DiffusionPipeline pipeline = builder.Build();
        GenerationResult result = await pipeline.GenerateAsync(
            new GenerationRequest { Prompt = "a blue bird", Seed = 1, Steps = 1, Width = 32, Height = 32 });

        using DiffusionPipeline local = new DiffusionPipelineBuilder().UseModelFolder(DrawingsRepository.Folder).Build();
        GenerationResult same = await local.GenerateAsync(
            new GenerationRequest { Prompt = "a blue bird", Seed = 1, Steps = 1, Width = 32, Height = 32 });
        Assert.Equal(same.Images[0].Image.Rgb, result.Images[0].Image.Rgb);
        Assert.Equal(DrawingsRepository.Id, result.Images[0].Metadata["model"]);
        Assert.Equal(DrawingsRepository.Needed.Order(), Downloaded().Order());
        Assert.Equal(DrawingsRepository.Needed.Length, reports[^1].CompletedFiles);
        Assert.Equal(reports[^1].TotalBytes, reports[^1].CompletedBytes);
        long size = DrawingsRepository.Needed.Sum(file => new FileInfo(Path.Combine(DrawingsRepository.Folder, file)).Length);
        Assert.Equal(size, reports[^1].TotalBytes);
    }

    [Fact]
    public async Task The_cache_of_a_model_is_used_offline()
    {
        AddTiny();
        string folder;
        using (ModelHub hub = _test.Open()) folder = await hub.DownloadModelAsync(TestHub.Id);
        int requests = _test.Server.Requests;
        using ModelHub offline = _test.Open(options => options.Offline = true);
        Assert.Equal(folder, await offline.DownloadModelAsync(TestHub.Id));
        File.Delete(Path.Combine(folder, "unet", "diffusion_pytorch_model.safetensors"));
        HubOfflineException error = await Assert.ThrowsAsync<HubOfflineException>(() => offline.DownloadModelAsync(TestHub.Id));
        Assert.Contains("unet", error.Message, StringComparison.Ordinal);
        Assert.Equal(requests, _test.Server.Requests);
    }

    [Fact]
    public async Task The_second_download_asks_only_for_the_list()
    {
        AddTiny();
        using ModelHub hub = _test.Open();
        string folder = await hub.DownloadModelAsync(TestHub.Id);
        int requests = _test.Server.Requests;
        Assert.Equal(folder, await hub.DownloadModelAsync(TestHub.Id));
        Assert.Equal(requests + 1, _test.Server.Requests);
    }

    [Fact]
    public async Task A_variant_and_its_shards_are_chosen()
    {
        AddTiny();
        _test.Server.Add(TestHub.Id, "unet/diffusion_pytorch_model.fp16.safetensors.index.json", Content.Text(
            """{ "weight_map": { "a": "diffusion_pytorch_model.fp16-00001-of-00002.safetensors", "b": "two.safetensors" } }"""));
        _test.Server.Add(TestHub.Id, "unet/diffusion_pytorch_model.fp16-00001-of-00002.safetensors", Content.Random(1, 100));
        _test.Server.Add(TestHub.Id, "unet/two.safetensors", Content.Random(2, 100));
        using ModelHub hub = _test.Open();
        await hub.DownloadModelAsync(TestHub.Id, variant: "fp16");
        Assert.Equal(
            [
                "model_index.json", "scheduler/scheduler_config.json", "unet/config.json",
                "unet/diffusion_pytorch_model.fp16-00001-of-00002.safetensors",
                "unet/diffusion_pytorch_model.fp16.safetensors.index.json", "unet/two.safetensors",
                // The autoencoder has no such variant.
                "vae/config.json", "vae/diffusion_pytorch_model.bin",
            ],
            Downloaded().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_shard_outside_of_the_folder_is_refused()
    {
        AddTiny();
        _test.Server.Add(TestHub.Id, "unet/diffusion_pytorch_model.fp16.safetensors.index.json", Content.Text(
            """{ "weight_map": { "a": "../../../evil" } }"""));
        using ModelHub hub = _test.Open();
        await Assert.ThrowsAsync<InvalidDataException>(() => hub.DownloadModelAsync(TestHub.Id, variant: "fp16"));
    }

    [Fact]
    public async Task Missing_weights_are_named_with_the_variants_that_exist()
    {
        _test.Server.Add(TestHub.Id, "config.json", Content.Text("{}"));
        _test.Server.Add(TestHub.Id, "diffusion_pytorch_model.fp16.safetensors", Content.Random(1, 10));
        _test.Server.Add(TestHub.Id, "diffusion_pytorch_model.ema.safetensors", Content.Random(1, 10));
        using ModelHub hub = _test.Open();
        HubNotFoundException error = await Assert.ThrowsAsync<HubNotFoundException>(() => hub.DownloadModelAsync(TestHub.Id));
        Assert.Equal(HubEntryKind.File, error.Kind);
        Assert.Contains("ema, fp16", error.Message, StringComparison.Ordinal);
        string folder = await hub.DownloadModelAsync(TestHub.Id, variant: "fp16");
        Assert.Equal(2, Directory.GetFiles(folder).Length);
    }

    [Fact]
    public async Task A_repository_without_a_model_leads_to_its_files()
    {
        _test.Server.Add(TestHub.Id, "style.safetensors", Content.Random(1, 10));
        _test.Server.Add(TestHub.Id, "README.md", Content.Text("text"));
        using ModelHub hub = _test.Open();
        HubNotFoundException error = await Assert.ThrowsAsync<HubNotFoundException>(() => hub.DownloadModelAsync(TestHub.Id));
        Assert.Contains(nameof(ModelHub.DownloadFileAsync), error.Message, StringComparison.Ordinal);
        string folder = await hub.DownloadFilesAsync(TestHub.Id, file => file.Path.EndsWith(".safetensors", StringComparison.Ordinal));
        Assert.Equal(["style.safetensors"], Directory.GetFiles(folder).Select(Path.GetFileName));
        await Assert.ThrowsAsync<HubNotFoundException>(() => hub.DownloadFilesAsync(TestHub.Id, _ => false));
    }

    [Fact]
    public async Task A_container_has_one_hub_for_its_pipelines()
    {
        AddTiny();
        ServiceCollection services = new();
        services.AddModelHub(options =>
        {
            (options.Endpoint, options.CacheFolder, options.Token) = (_test.Server.Endpoint, _test.Cache, "");
        });
        await using ServiceProvider provider = services.BuildServiceProvider();
        ModelHub hub = provider.GetRequiredService<ModelHub>();
        Assert.Same(hub, provider.GetRequiredService<ModelHub>());
        Assert.Equal(_test.Cache, hub.CacheFolder);
        // The tiny model has no weights that can be read: it is downloaded, and then refused.
        Assert.ThrowsAny<Exception>(() => new DiffusionPipelineBuilder().UseModel(TestHub.Id).Build(provider));
        Assert.Contains("vae/diffusion_pytorch_model.bin", Downloaded());
    }

    [Fact]
    public async Task Wrong_options_of_a_container_are_named()
    {
        ServiceCollection services = new();
        services.AddModelHub(options => options.ChunkSize = 3);
        await using ServiceProvider provider = services.BuildServiceProvider();
        OptionsValidationException error = Assert.Throws<OptionsValidationException>(provider.GetRequiredService<ModelHub>);
        Assert.Contains("ChunkSize is 3", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_download_fails_the_build()
    {
        using ModelHub hub = _test.Open();
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseModel("organisation/other", hub: hub);
        Assert.Equal(HubEntryKind.Repository, Assert.Throws<HubNotFoundException>(() => builder.Build()).Kind);
        DiffusionPipelineBuilder cancelled = new DiffusionPipelineBuilder()
            .UseModel("organisation/other", hub: hub, cancellationToken: new CancellationToken(canceled: true));
        Assert.ThrowsAny<OperationCanceledException>(() => cancelled.Build());
    }

    [Fact]
    public async Task Blobs_that_the_repositories_of_a_cache_share_can_be_read()
    {
        // huggingface_hub replaces blobs/TAG by a link to the blobs of the cache, which it marks.
        DrawingsRepository.AddTo(_test.Server);
        using ModelHub hub = _test.Open();
        string folder = await hub.DownloadModelAsync(DrawingsRepository.Id);
        string shared = Path.Combine(_test.Cache, "blobs", "ab");
        Directory.CreateDirectory(shared);
        string file = Path.Combine(folder, "vae", "diffusion_pytorch_model.safetensors");
        string blob = File.ResolveLinkTarget(file, returnFinalTarget: true)!.FullName;
        File.Move(blob, Path.Combine(shared, "content"));
        File.CreateSymbolicLink(blob, "../../blobs/ab/content");
        Assert.ThrowsAny<Exception>(() => DiffusersFolder.Read(folder));
        File.WriteAllText(Path.Combine(_test.Cache, "blobs", ".huggingface-shared-blobs"), "1\n");
        using ModelComponents components = DiffusersFolder.Read(folder);
        Assert.Equal(folder, await hub.DownloadModelAsync(DrawingsRepository.Id));
    }

    public void Dispose() => _test.Dispose();

    private void AddTiny()
    {
        _test.Server.Add(TestHub.Id, "model_index.json", Content.Text(
            """
            { "_class_name": "StableDiffusionPipeline", "scheduler": ["diffusers", "DDIMScheduler"], "vae": ["diffusers", "AutoencoderKL"],
              "unet": ["diffusers", "UNet2DConditionModel"], "safety_checker": [null, null], "requires_safety_checker": true }
            """));
        _test.Server.Add(TestHub.Id, "scheduler/scheduler_config.json", Content.Text("""{ "_class_name": "DDIMScheduler" }"""));
        foreach (string name in (string[])["unet", "vae"])
            _test.Server.Add(TestHub.Id, $"{name}/config.json", Content.Text($"{{\"{name}\":1}}"));
        _test.Server.Add(TestHub.Id, "unet/diffusion_pytorch_model.safetensors", Content.Random(11, 1000));
        _test.Server.Add(TestHub.Id, "vae/diffusion_pytorch_model.bin", Content.Random(12, 1000));
    }

    private IEnumerable<string> Downloaded() => _test.Server.Sent.Select(part => part.Path).Distinct();

    private sealed class Receiver(List<HubProgress> reports) : IProgress<HubProgress>
    {
        public void Report(HubProgress value)
        {
            lock (reports) reports.Add(value);
        }
    }
}
