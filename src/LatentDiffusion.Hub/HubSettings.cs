using System.Text.RegularExpressions;

namespace LatentDiffusion.Hub;

/// <summary>The options with the defaults of huggingface_hub's environment variables. An empty variable counts as unset.</summary>
internal sealed partial class HubSettings
{
    private const string DefaultEndpoint = "https://huggingface.co";
    private const int LongestToken = 1 << 12;

    private readonly Func<string, string?> _variables;

    /// <summary>Resolves the options.</summary>
    /// <param name="options">The options.</param>
    /// <param name="variables">The environment.</param>
    /// <exception cref="HubException">A variable has a value that cannot be used; the message names it.</exception>
    public HubSettings(ModelHubOptions options, Func<string, string?> variables)
    {
        _variables = variables;
        string endpoint = options.Endpoint?.OriginalString ?? Variable("HF_ENDPOINT") ?? DefaultEndpoint;
        if (EndpointError(endpoint) is { } error) throw new HubException($"HF_ENDPOINT: {error}");
        Endpoint = new Uri(endpoint.TrimEnd('/') + "/");
        Cache = Path.GetFullPath(
            options.CacheFolder ?? Folder("HF_HUB_CACHE") ?? Folder("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(Home, "hub"));
        Offline = options.Offline ?? (Flag("HF_HUB_OFFLINE") || Flag("TRANSFORMERS_OFFLINE"));
        Token = options.Token ?? (Flag("HF_HUB_DISABLE_IMPLICIT_TOKEN") ? null : FoundToken());
        if (Token is { Length: 0 }) Token = null;
    }

    /// <summary>The hub, with a slash at its end.</summary>
    public Uri Endpoint { get; }

    /// <summary>The folder of the cache.</summary>
    public string Cache { get; }

    public string? Token { get; }

    public bool Offline { get; }

    private string Home => Folder("HF_HOME") ?? Path.Combine(
        Folder("XDG_CACHE_HOME") ?? Path.Combine(UserFolder, ".cache"), "huggingface");

    private static string UserFolder => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    /// <summary>Whether the token may be sent to an address: to the hub only, and never in the clear over a network.</summary>
    public bool Trusts(Uri address) => IsHub(address) && (address.Scheme == Uri.UriSchemeHttps || address.IsLoopback);

    /// <summary>Whether an address is on the hub's host.</summary>
    public bool IsHub(Uri address) =>
        address.Scheme == Endpoint.Scheme && address.IdnHost == Endpoint.IdnHost && address.Port == Endpoint.Port;

    public static string? EndpointError(string endpoint) =>
        Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? address) && address.Scheme is "https" or "http"
            && address.UserInfo.Length + address.Query.Length + address.Fragment.Length == 0
            ? null
            : $"Endpoint is '{MessageText.Truncate(endpoint, 200)}'; expected an address such as {DefaultEndpoint}.";

    /// <summary>The token of the environment, or of the file that a login wrote.</summary>
    private string? FoundToken()
    {
        string? variable = Variable("HF_TOKEN") ?? Variable("HUGGING_FACE_HUB_TOKEN");
        if (variable?.Trim() is { Length: > 0 } given) return Checked(given, "HF_TOKEN");
        string path = Folder("HF_TOKEN_PATH") ?? Path.Combine(Home, "token");
        return new FileInfo(path) is { Exists: true, Length: <= LongestToken } && File.ReadAllText(path).Trim() is { Length: > 0 } saved
            ? Checked(saved, path)
            : null;
    }

    // The message does not show the token.
    private static string Checked(string token, string source) => token.All(c => c is >= '!' and <= '~')
        ? token
        : throw new HubException($"The token of {source} has characters that no token has; expected visible ASCII characters.");

    private string? Folder(string variable)
    {
        if (Variable(variable) is not { } path) return null;
        if (path is "~" || path.StartsWith("~/", StringComparison.Ordinal))
            path = UserFolder + path[1..];
        return Reference().Replace(path, match => _variables(match.Groups["name"].Value) ?? match.Value);
    }

    private string? Variable(string name) => _variables(name) is { Length: > 0 } value ? value : null;

    private bool Flag(string name) => Variable(name)?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

    [GeneratedRegex(@"\$(?<name>\w+)|\$\{(?<name>\w+)\}", RegexOptions.ECMAScript)]
    private static partial Regex Reference();
}
