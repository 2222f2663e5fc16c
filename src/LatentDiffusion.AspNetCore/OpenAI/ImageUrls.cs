namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>Addresses of images on this server.</summary>
internal static class ImageUrls
{
    /// <summary>The endpoint of files, next to those that generate.</summary>
    public const string Pattern = "/images/files/{job}/{**file}";

    /// <summary>The address of an image, for the client that sent a request to an endpoint that generates.</summary>
    public static string Create(HttpRequest request, StoredImage image)
    {
        string path = request.Path.ToUriComponent();
        string folder = path[..path.TrimEnd('/').LastIndexOf('/')];
        return $"{request.Scheme}://{request.Host.ToUriComponent()}{request.PathBase.ToUriComponent()}{folder}/files/{image.Name}";
    }
}
