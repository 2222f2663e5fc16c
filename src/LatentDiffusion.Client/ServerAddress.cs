namespace LatentDiffusion.Client;

/// <summary>Where a server is.</summary>
internal sealed class ServerAddress
{
    private const string Version = "v1/";

    private readonly Uri _api;

    /// <param name="address">Its address, with or without <c>v1</c> at the end, which addresses for OpenAI clients have.</param>
    /// <exception cref="ArgumentException">It is not an absolute address of HTTP.</exception>
    public ServerAddress(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (!address.IsAbsoluteUri || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
        {
            throw new ArgumentException(
                $"The address of the server is '{address.OriginalString}'; expected one like https://images.example/.", nameof(address));
        }

        // A relative address replaces the last part of one that does not end with a slash.
        string path = address.AbsolutePath.EndsWith('/') ? address.AbsolutePath : address.AbsolutePath + "/";
        if (path.EndsWith("/" + Version, StringComparison.Ordinal)) path = path[..^Version.Length];
        Root = new UriBuilder(address) { Path = path, Query = "", Fragment = "" }.Uri;
        _api = new Uri(Root, Version);
    }

    /// <summary>Its address, with a slash at the end.</summary>
    public Uri Root { get; }

    /// <summary>Address of an endpoint.</summary>
    /// <param name="path">For example <c>images/generations</c>.</param>
    public Uri Of(string path) => new(_api, path);
}
