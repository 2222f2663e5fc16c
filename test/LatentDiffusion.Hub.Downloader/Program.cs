using LatentDiffusion.Hub;

// Downloads in a process of its own, which a test can kill.
//   file ENDPOINT CACHE ID FILE     one file
//   model ENDPOINT CACHE ID         a model
//   settings                        the folder of the cache that the environment names
if (args is ["settings"])
{
    using var settings = new ModelHub();
    Console.WriteLine(settings.CacheFolder);
    return 0;
}

var options = new ModelHubOptions
{
    Endpoint = new Uri(args[1]), CacheFolder = args[2], Token = "", Offline = false, RetryDelay = TimeSpan.FromMilliseconds(20),
    StallTimeout = TimeSpan.FromSeconds(5), ChunkSize = 1 << 16, ParallelThreshold = 1 << 18, MaxRetries = 20,
};
using var hub = new ModelHub(options);
try
{
    Console.WriteLine(args switch
    {
        ["file", _, _, var id, var file] => await hub.DownloadFileAsync(id, file),
        ["model", _, _, var id] => await hub.DownloadModelAsync(id),
        _ => throw new ArgumentException("Expected: file ENDPOINT CACHE ID FILE, or model ENDPOINT CACHE ID."),
    });
    return 0;
}
catch (Exception e)
{
    Console.Error.WriteLine($"{e.GetType().Name}: {e.Message}");
    return 1;
}
