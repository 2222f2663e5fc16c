using LatentDiffusion.AspNetCore;
using LatentDiffusion.Diagnostics;
using LatentDiffusion.Jobs;
using LatentDiffusion.Jobs.Hangfire;
using LatentDiffusion.Samples;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry;

namespace Studio;

/// <summary>What the server and workers have in common: models, queue, store, logs and telemetry.</summary>
internal static class StudioHosting
{
    /// <summary>Settings in the data folder, all of them optional: sections Server, Jobs and Workers.</summary>
    private const string SettingsFile = "settings.json";

    private const string Database = "jobs.db", TelemetryVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private static readonly Dictionary<string, string?> s_defaults = new()
    {
        ["Logging:LogLevel:Default"] = "Information",
        ["Logging:LogLevel:Microsoft"] = "Warning",
        // The host logs failed starts with a stack trace; the program prints one line instead.
        ["Logging:LogLevel:Microsoft.Extensions.Hosting.Internal.Host"] = "None",
        ["Logging:LogLevel:Hangfire"] = "Warning",
        ["Logging:LogLevel:System.Net.Http"] = "Warning",
    };

    /// <summary>Registers everything except HTTP.</summary>
    public static void AddStudio(this IHostApplicationBuilder builder, StudioSettings settings)
    {
        OutputPath.RequireFolder(settings.Data);
        settings.Images.Require();
        CreateFolder(settings.Data);
        // Before the environment, which overrides the file.
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = s_defaults });
        builder.Configuration.AddJsonFile(Path.Combine(settings.Data, SettingsFile), optional: true, reloadOnChange: true);
        builder.Configuration.AddEnvironmentVariables();
        builder.Logging.ClearProviders().AddSimpleConsole(o => (o.SingleLine, o.TimestampFormat) = (true, "HH:mm:ss "));
        builder.Services.Configure<ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.Configure<ConsoleLifetimeOptions>(o => o.SuppressStatusMessages = true);
        builder.Services.AddModelHub();
        foreach (ModelArgument model in settings.Models)
            model.Apply(builder.Services.AddLatentDiffusion(model.Name), settings.Metadata);
        builder.Services.AddSingleton<ModelLoading>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<ModelLoading>());
        AddJobs(builder, settings);
        if (builder.Configuration[TelemetryVariable] is { Length: > 0 }) AddTelemetry(builder.Services);
    }

    private static void AddJobs(IHostApplicationBuilder builder, StudioSettings settings)
    {
        ImageJobsBuilder jobs = builder.Services.AddLatentDiffusionJobs(o =>
        {
            if (settings.Images.Kind == ImagesKind.Folder) o.ImageFolder = settings.Images.Place;
        });
        if (settings.Images.Kind == ImagesKind.Database) jobs.UseDatabaseImageStore();
        if (settings.Images.Kind == ImagesKind.S3)
            jobs.UseS3ImageStore(o => (o.Bucket, o.Prefix) = (settings.Images.Place, settings.Images.Prefix));
        builder.Services.AddOptions<JobQueueOptions>().Bind(builder.Configuration.GetSection("Jobs"), IsStrict);
        if (settings.Storage == QueueStorage.Memory) return;
        jobs.UseHangfire(o => _ = settings.Storage == QueueStorage.Sqlite
            ? o.UseSqlite(Path.Combine(settings.Data, Database)) : o.UsePostgreSql(settings.Connection!));
        builder.Services.AddOptions<HangfireJobOptions>().Bind(builder.Configuration.GetSection("Workers"), IsStrict);

        static void IsStrict(BinderOptions options) => options.ErrorOnUnknownConfiguration = true;
    }

    private static void AddTelemetry(IServiceCollection services) => services.AddOpenTelemetry()
        .WithTracing(t => t.AddSource(LatentDiffusionDiagnostics.ActivitySourceName, "Microsoft.AspNetCore"))
        .WithMetrics(m => m.AddMeter(
            LatentDiffusionDiagnostics.MeterName, LatentDiffusionServerDefaults.MeterName, "Microsoft.AspNetCore.Hosting",
            "Microsoft.AspNetCore.Server.Kestrel"))
        .UseOtlpExporter();

    /// <summary>A folder that only its user reads: the database has prompts.</summary>
    private static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
