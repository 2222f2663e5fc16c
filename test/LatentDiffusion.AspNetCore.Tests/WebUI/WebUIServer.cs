using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

[assembly: AssemblyFixture(typeof(LatentDiffusion.AspNetCore.Tests.WebUI.WebUIServer))]

namespace LatentDiffusion.AspNetCore.Tests.WebUI;

/// <summary>
/// A server with the web UI API over the drawings model. Classes of tests use different keys: options, progress and interrupts are those
/// of a caller.
/// </summary>
public sealed class WebUIServer : IAsyncLifetime
{
    public const string Model = "drawings";

    private static readonly string[] s_callers =
    [
        nameof(TextToImageTests), nameof(ImageToImageTests), nameof(HiresFixTests), nameof(ProgressTests), nameof(OptionsTests),
        nameof(OpenWebUITests), nameof(SillyTavernTests), nameof(RefusalTests), nameof(FileTests), "other",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("webui-tests-").FullName;
    private RunningServer? _server;

    public static WebUIStyle Style { get; } = new("cape", "{prompt} with a cape", "hat");

    public async ValueTask InitializeAsync() => _server = await RunningServer.StartAsync(
        builder =>
        {
            builder.Services.AddLatentDiffusion().UseDrawingsModel(TorchSharp.torch.CPU).Configure(options => options.ModelId = Model);
            builder.Services.AddLatentDiffusionJobs(options => options.ImageFolder = _folder);
            builder.Services.Configure<WebUIApiOptions>(options => options.Styles.Add(Style));
        },
        options =>
        {
            foreach (string caller in s_callers) options.ApiKeys[caller] = KeyOf(caller);
        },
        app => app.MapWebUIApi());

    /// <summary>A client that authenticates as the web UI's clients do: the key is the password.</summary>
    public WebUIClient ClientOf(string caller)
    {
        WebUIClient client = AnonymousClient();
        string login = Convert.ToBase64String(Encoding.UTF8.GetBytes($"user:{KeyOf(caller)}"));
        client.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", login);
        return client;
    }

    public WebUIClient AnonymousClient() => new(_server!.CreateClient(key: null));

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static string KeyOf(string caller) => $"key-of-{caller}-0123456789";
}
