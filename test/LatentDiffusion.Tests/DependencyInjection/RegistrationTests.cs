using LatentDiffusion.Tests.Diagnostics;
using LatentDiffusion.Tests.Pipelines;
#pragma warning disable MEAI001 // IImageGenerator is experimental.
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.DependencyInjection;

/// <summary>Pipelines in containers and hosts, from configuration.</summary>
public sealed class RegistrationTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly GenerationRequest s_request = new() { Prompt = "a blue bird", Seed = 1 };

    [Fact]
    public void Configuration_says_all_there_is_to_say()
    {
        var services = new ServiceCollection();
        services.AddLatentDiffusion(Section(
            ("ModelFolder", model.Folder), ("Scheduler", "euler"), ("Device", "cpu"), ("Precision", "Float32"), ("Steps", "3"),
            ("GuidanceScale", "2.5"), ("MaxConcurrentGenerations", "2"), ("TimeLimit", "00:01:00"),
            ("ModelId", "tiny"), ("BatchSize", "1")));
        using ServiceProvider provider = services.BuildServiceProvider();
        GenerationResult result = provider.GetRequiredService<DiffusionPipeline>().Generate(s_request);
        Assert.Equal((3, 2.5, TimeSpan.FromMinutes(1)), (result.Request.Steps, result.Request.GuidanceScale, result.Request.TimeLimit));
        Assert.Equal(("EulerScheduler", "tiny"), (result.Images[0].Metadata["scheduler"], result.Images[0].Metadata["model"]));
        Assert.Equal("tiny", provider.GetRequiredService<IImageGenerator>().GetRequiredService<ImageGeneratorMetadata>().DefaultModelId);
        Assert.Same(
            provider.GetRequiredService<DiffusionPipeline>(),
            provider.GetRequiredService<IImageGenerator>().GetService<DiffusionPipeline>());

        using DiffusionPipeline alone = model.Builder().UseScheduler("euler").Build();
        Assert.Equal(alone.Generate(result.Request).Images[0].Image.Rgb.ToArray(), result.Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void Several_models_stand_beside_each_other_under_their_names()
    {
        var services = new ServiceCollection();
        services.AddLatentDiffusion("quick", Section(("ModelFolder", model.Folder), ("Steps", "1")));
        services.AddLatentDiffusion("thorough").UseModelFolder(model.Folder).Configure(o => o.Steps = 4);
        services.Configure<DiffusionPipelineOptions>("thorough", o => o.GuidanceScale = 2);
        services.AddKeyedSingleton<IImageCodec, NamedCodec>("thorough");
        using ServiceProvider provider = services.BuildServiceProvider();
        DiffusionPipeline quick = provider.GetRequiredKeyedService<DiffusionPipeline>("quick"),
            thorough = provider.GetRequiredKeyedService<DiffusionPipeline>("thorough");
        Assert.Null(provider.GetService<DiffusionPipeline>());
        Assert.Equal((1, 5), (quick.Generate(s_request).Request.Steps, quick.Generate(s_request).Request.GuidanceScale));
        GenerationResult result = thorough.Generate(s_request);
        Assert.Equal((4, 2), (result.Request.Steps, result.Request.GuidanceScale));
        Assert.Equal([7], result.Images[0].ToPng());
        Assert.NotEqual([7], quick.Generate(s_request).Images[0].ToPng());
        Assert.Same(quick, provider.GetRequiredKeyedService<IImageGenerator>("quick").GetService<DiffusionPipeline>());
    }

    [Fact]
    public async Task A_model_is_loaded_once_and_disposed_with_the_container()
    {
        int loaded = 0;
        DiffusionModel? opened = null;
        var services = new ServiceCollection();
        services.AddLatentDiffusion("tiny").UseModel(_ =>
        {
            Interlocked.Increment(ref loaded);
            Thread.Sleep(50);
            return opened = DiffusionModel.Open(model.Folder, CPU);
        });
        DiffusionPipeline[] all;
        await using (ServiceProvider provider = services.BuildServiceProvider())
        {
            Assert.Equal(0, loaded);
            all = await Task.WhenAll(
                Enumerable.Range(0, 4)
                    .Select(_ => Task.Run(() => provider.GetRequiredKeyedService<DiffusionPipeline>("tiny"))));
        }

        Assert.Equal(1, loaded);
        Assert.Single(all.Distinct());
        Assert.Throws<ObjectDisposedException>(() => all[0].Generate(s_request));
        Assert.ThrowsAny<Exception>(() => opened!.TextEncoder.Encode(["a"]));
    }

    [Fact]
    public void What_the_builder_is_told_goes_before_what_is_configured()
    {
        var services = new ServiceCollection();
        services.AddLatentDiffusion(Section(("Scheduler", "euler"), ("Steps", "3"))).UseModelFolder(model.Folder).UseScheduler("ddim");
        using ServiceProvider provider = services.BuildServiceProvider();
        GenerationResult result = provider.GetRequiredService<DiffusionPipeline>().Generate(s_request);
        Assert.Equal((3, "DdimScheduler"), (result.Request.Steps, result.Images[0].Metadata["scheduler"]));
    }

    [Fact]
    public void Messages_about_long_or_many_settings_are_short()
    {
        string text = new('x', 20_000);
        Dictionary<string, string?>[] settings =
        [
            new() { ["M:Scheduler"] = text },
            new() { ["M:Device"] = text },
            new() { ["M:ModelFolder"] = text },
            new() { ["M:Steps"] = text },
            new() { ["M:TimeLimit"] = text },
            new() { ["M:ModelId"] = text, ["M:Steps"] = "0" },
            new() { ["M:" + text] = "1" },
            new() { ["M:ModelFolder"] = "" },
            Enumerable.Range(0, 200).ToDictionary(i => $"M:Unknown{i}", _ => (string?)"1"),
        ];
        foreach (Dictionary<string, string?> setting in settings)
        {
            var services = new ServiceCollection();
            services.AddLatentDiffusion(new ConfigurationBuilder().AddInMemoryCollection(setting).Build().GetSection("M"));
            using ServiceProvider provider = services.BuildServiceProvider();
            Exception e = Assert.ThrowsAny<Exception>(() => provider.GetRequiredService<IStartupValidator>().Validate());
            foreach (Exception each in e is AggregateException several ? several.InnerExceptions : [e])
            {
                Assert.IsType<OptionsValidationException>(each);
                Assert.StartsWith("M (model '", each.Message, StringComparison.Ordinal);
                Assert.InRange(each.Message.Length, 20, 1000);
            }
        }
    }

    [Theory]
    [InlineData("ModelFolder", "nowhere", "ModelFolder is 'nowhere'; model_index.json does not exist in")]
    [InlineData("Scheduler", "nope", "Scheduler is 'nope'; expected one of ddpm")]
    [InlineData("Device", "tpu", "Device is 'tpu'; expected cpu, cuda or cuda:number")]
    [InlineData("Device", "cuda:77", "Device is 'cuda:77'; this machine")]
    [InlineData("Precision", "Int8", "Precision is Int8; expected Float32, Float16 or BFloat16")]
    [InlineData("WeightStorage", "7", "WeightStorage is 7; expected Expanded or AsStored")]
    [InlineData("Stepz", "3", "'Stepz' is not known; expected one of ModelFolder")]
    [InlineData("ModelFolder", null, "ModelFolder is missing")]
    [InlineData("Steps", "0", "Steps is 0; expected from 1 to 1000.")]
    [InlineData(
        "MaxConcurrentGenerations",
        "0",
        "MaxConcurrentGenerations is 0. The field MaxConcurrentGenerations must be between 1 and 1024")]
    [InlineData("MaximumQueueLength", "-1", "MaximumQueueLength must be between 0 and 1000000")]
    [InlineData("MaximumPixels", "0", "MaximumPixels must be between 1 and")]
    [InlineData("MaximumImages", "2000", "MaximumImages is 2000; expected from 1 to 1024.")]
    [InlineData("MaximumMemory", "5", "MaximumMemory must be between 1048576 and")]
    [InlineData("TimeLimit", "00:00:00", "TimeLimit is 00:00:00; expected more than zero and at most 24.00:00:00.")]
    [InlineData("TimeLimit", "5", "TimeLimit is '5'; expected hours:minutes:seconds, for example 00:05:00.")]
    [InlineData("TimeLimit", "soon", "Models:One:TimeLimit")]
    [InlineData("Tiling:Overlap", "2", "Overlap must be between 0 and 0.5")]
    [InlineData("Steps", "many", "Models:One:Steps")]
    public async Task A_wrong_setting_stops_the_host_at_its_start(string key, string? value, string message)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        (string, string?)[] settings = key == "ModelFolder" ? [(key, value)] : [("ModelFolder", model.Folder), (key, value)];
        builder.Configuration.AddInMemoryCollection(
            settings
                .Where(s => s.Item2 is not null)
                .Select(s => KeyValuePair.Create($"Models:One:{s.Item1}", s.Item2)));
        builder.Services.AddLatentDiffusion("one", builder.Configuration.GetSection("Models:One"));
        builder.Services.AddLatentDiffusion("fine").UseModelFolder(model.Folder);
        using IHost host = builder.Build();
        Exception e = (await Record.ExceptionAsync(() => host.StartAsync()))!;
        Assert.True(e is OptionsValidationException or InvalidOperationException, $"{e}");
        Assert.StartsWith("Models:One (model 'one'): ", e.Message, StringComparison.Ordinal);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_name_messages_tell_the_models_folder()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(
        [
            KeyValuePair.Create("Images:ModelFolder", (string?)"models/cat"),
            KeyValuePair.Create("Images:Steps", (string?)"0")
        ]);
        builder.Services.AddLatentDiffusion(builder.Configuration.GetSection("Images"));
        using IHost host = builder.Build();
        Exception e = (await Record.ExceptionAsync(() => host.StartAsync()))!;
        Assert.All(
            e is AggregateException all ? all.InnerExceptions : [e],
            each => Assert.StartsWith("Images (model 'models/cat'): ", each.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_device_of_the_builder_that_is_not_there_stops_the_start()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddLatentDiffusion("far").UseModelFolder(model.Folder).UseDevice(new Device(TorchSharp.DeviceType.CUDA, 77));
        using IHost host = builder.Build();
        Exception e = (await Record.ExceptionAsync(() => host.StartAsync()))!;
        Assert.StartsWith("Model 'far': Device is 'cuda:77'; this machine", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_cannot_be_built_is_named_with_its_section()
    {
        var services = new ServiceCollection();
        IConfiguration root = new ConfigurationBuilder()
            .AddInMemoryCollection([KeyValuePair.Create("Models:Two:Device", (string?)"cpu")])
            .Build();
        services.AddLatentDiffusion("two", root.GetSection("Models:Two")).UseModelFolder("nowhere");
        services.AddLatentDiffusion("three", root.GetSection("Models:Two")).UseModel(_ => DiffusionModel.Open(model.Folder, META));
        using ServiceProvider provider = services.BuildServiceProvider();
        var e = Assert.Throws<InvalidOperationException>(() => provider.GetRequiredKeyedService<DiffusionPipeline>("two"));
        Assert.StartsWith("Models:Two (model 'two'): ", e.Message, StringComparison.Ordinal);
        Assert.IsType<DirectoryNotFoundException>(e.InnerException);
        e = Assert.Throws<InvalidOperationException>(() => provider.GetRequiredKeyedService<DiffusionPipeline>("three"));
        Assert.StartsWith(
            "Models:Two (model 'three'): Device is cpu, and the model was opened on meta",
            e.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_configured_device_is_that_of_a_folder_named_by_the_builder()
    {
        Device? asked = null;
        var services = new ServiceCollection();
        services.AddLatentDiffusion("folder", Section(("Device", "cpu"))).UseModelFolder(model.Folder);
        services.AddLatentDiffusion("half", Section(("Device", "cpu"), ("Precision", "BFloat16"))).UseModelFolder(model.Folder);
        services.AddLatentDiffusion("opened", Section(("Device", "cpu")))
            .UseModel((_, device) => DiffusionModel.Open(model.Folder, asked = device));
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal("cpu", provider.GetRequiredKeyedService<DiffusionPipeline>("folder").Model!.Device.ToString());
        Assert.Equal(ScalarType.BFloat16, provider.GetRequiredKeyedService<DiffusionPipeline>("half").Model!.Denoiser.Description.Type);
        Assert.Equal("cpu", provider.GetRequiredKeyedService<DiffusionPipeline>("opened").Model!.Device.ToString());
        Assert.Equal("cpu", asked!.ToString());
    }

    [Theory]
    [InlineData("Precision", "Float16", "Precision is Float16; it applies only when the pipeline opens a model folder or file")]
    [InlineData("WeightStorage", "AsStored", "WeightStorage is AsStored; it applies only when the pipeline opens a model folder or file")]
    public async Task Choices_for_a_model_that_is_opened_elsewhere_are_refused(string name, string value, string message)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddLatentDiffusion(Section((name, value)))
            .UseModel(_ => throw new InvalidOperationException("must not be loaded"));
        using IHost host = builder.Build();
        Assert.Contains(
            message,
            (await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync())).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_model_is_loaded_when_the_host_starts_if_that_is_asked_for(bool configured)
    {
        int loaded = 0;
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        DiffusionPipelineBuilder eager = configured
            ? builder.Services.AddLatentDiffusion(Section(("LoadAtStartup", "true")))
            : builder.Services.AddLatentDiffusion().LoadAtStartup();
        eager.UseModel(_ =>
        {
            loaded++;
            return DiffusionModel.Open(model.Folder, CPU);
        });
        builder.Services.AddLatentDiffusion("lazy").UseModel(_ => throw new InvalidOperationException("must not be loaded"));
        using (IHost host = builder.Build())
        {
            await host.StartAsync();
            Assert.Equal(1, loaded);
            await host.StopAsync();
        }

        HostApplicationBuilder broken = Host.CreateEmptyApplicationBuilder(null);
        broken.Services.AddLatentDiffusion("broken").UseModelFolder("nowhere").LoadAtStartup();
        using IHost failing = broken.Build();
        Assert.StartsWith(
            "Model 'broken': ",
            (await Assert.ThrowsAsync<InvalidOperationException>(() => failing.StartAsync())).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Several_containers_may_be_built_from_the_same_services()
    {
        var services = new ServiceCollection();
        DiffusionPipelineBuilder builder = services.AddLatentDiffusion(Section(("Device", "cpu"), ("Steps", "1")))
            .UseModelFolder(model.Folder);
        using ServiceProvider first = services.BuildServiceProvider(), second = services.BuildServiceProvider();
        DiffusionPipeline one = first.GetRequiredService<DiffusionPipeline>(), other = second.GetRequiredService<DiffusionPipeline>();
        Assert.NotSame(one.Model, other.Model);
        first.Dispose();
        Assert.Single(other.Generate(s_request).Images);
        Assert.Throws<InvalidOperationException>(() => builder.UseScheduler("euler"));
    }

    [Fact]
    public void A_precision_that_the_cpu_computes_slowly_is_warned_of()
    {
        Assert.Equal(
            [20, null],
            (int?[])[SlowPrecision.Factor(ScalarType.BFloat16, false, false), SlowPrecision.Factor(ScalarType.BFloat16, true, false)]);
        Assert.Equal(
            [35, null],
            (int?[])[SlowPrecision.Factor(ScalarType.Float16, true, false), SlowPrecision.Factor(ScalarType.Float16, true, true)]);
        Assert.Null(SlowPrecision.Factor(ScalarType.Float32, false, false));
        foreach (ScalarType type in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16])
        {
            var logs = new LogRecorder();
            using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
                .UseModelFolder(model.Folder, CPU, type)
                .UseLoggerFactory(logs)
                .Build();
            string[] expected = SlowPrecision.Factor(type) is { } factor
                ? [
                    $"This CPU has no instructions for {type}, in which the model computes: " +
                        $"expect about {factor} times the time of Float32."
                ]
                : [];
            Assert.Equal(expected, logs.Lines.Select(l => l.Text).Where(m => m.StartsWith("This CPU", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task A_host_with_right_settings_starts_without_loading()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddLatentDiffusion(Section(("Steps", "3")))
            .UseModel(_ => throw new InvalidOperationException("must not be loaded"));
        using IHost host = builder.Build();
        await host.StartAsync();
        await host.StopAsync();
    }

    [Fact]
    public async Task A_denoiser_registered_under_the_name_needs_no_folder()
    {
        using DiffusionModel opened = DiffusionModel.Open(model.Folder, CPU);
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddLatentDiffusion("own", Section(("Steps", "3")));
        builder.Services.AddKeyedSingleton("own", opened.Denoiser);
        builder.Services.AddSingleton(opened.TextEncoder);
        builder.Services.AddSingleton(opened.Autoencoder);
        builder.Services.AddSingleton<INoiseScheduler>(NoiseScheduler.FromConfig(opened.SchedulerConfig));
        using (IHost host = builder.Build())
        {
            await host.StartAsync();
            Assert.Equal(
                3,
                host.Services.GetRequiredKeyedService<DiffusionPipeline>("own")
                    .Generate(s_request with { Width = 16, Height = 16 }).Request.Steps);
            await host.StopAsync();
        }

        // Another pipeline's is not this one's.
        HostApplicationBuilder other = Host.CreateEmptyApplicationBuilder(null);
        other.Services.AddLatentDiffusion("other", Section(("Steps", "3")));
        other.Services.AddKeyedSingleton("own", opened.Denoiser);
        using IHost without = other.Build();
        Assert.Contains(
            "ModelFolder is missing",
            (await Assert.ThrowsAsync<OptionsValidationException>(() => without.StartAsync())).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_without_a_folder_is_where_registered_parts_compute()
    {
        using DiffusionModel opened = DiffusionModel.Open(model.Folder, CPU);
        Assert.Single(Provider("cpu").GetRequiredService<DiffusionPipeline>().Generate(s_request with { Steps = 1 }).Images);
        var e = Assert.Throws<OptionsValidationException>(
            () => Provider("cuda:77").GetRequiredService<DiffusionPipeline>().Generate(s_request));
        Assert.Contains("cuda:77", e.Message, StringComparison.Ordinal);

        ServiceProvider Provider(string device)
        {
            var services = new ServiceCollection();
            services.AddLatentDiffusion(Section(("Device", device)));
            services.AddSingleton(opened.Denoiser).AddSingleton(opened.TextEncoder).AddSingleton(opened.Autoencoder);
            services.AddSingleton<INoiseScheduler>(NoiseScheduler.FromConfig(opened.SchedulerConfig));
            return services.BuildServiceProvider();
        }
    }

    [Fact]
    public void Half_precision_computes_in_half_and_samples_in_single()
    {
        var services = new ServiceCollection();
        services.AddLatentDiffusion("half", Section(("ModelFolder", model.Folder), ("Device", "cpu"), ("Precision", "bfloat16")));
        services.AddLatentDiffusion("single", Section(("ModelFolder", model.Folder), ("Device", "cpu")));
        using ServiceProvider provider = services.BuildServiceProvider();
        byte[] Draw(string name) =>
            provider.GetRequiredKeyedService<DiffusionPipeline>(name)
                .Generate(s_request with { Steps = 4 })
                .Images[0].Image.Rgb.ToArray();
        byte[] half = Draw("half"), single = Draw("single");
        // Eight bits of mantissa: near, and not the same.
        Assert.NotEqual(single, half);
        Assert.InRange(half.Zip(single).Average(p => Math.Abs(p.First - p.Second)), 0, 4);
    }

    private static IConfiguration Section(params (string Key, string Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value))).Build();

    private sealed class NamedCodec : IImageCodec
    {
        public byte[] EncodePng(ImageBuffer image, IReadOnlyDictionary<string, string>? metadata = null) => [7];

        public ImageBuffer Decode(ReadOnlySpan<byte> file) => throw new NotSupportedException();
    }
}
