// The gallery belongs to the browser: the server forgets jobs and their images after some time.

let opened;
const database = new Promise(resolve => { opened = resolve; });

/** Opens the database of a caller, so that people with different keys do not see each other's images. */
export async function open(caller) {
  const request = indexedDB.open(caller ? `latent-diffusion-studio:${caller}` : "latent-diffusion-studio", 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("jobs", { keyPath: "id" });
    request.result.createObjectStore("images", { keyPath: "name" });
  };
  opened(await done(request));
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function table(name) {
  const run = async (mode, action) => done(action((await database).transaction(name, mode).objectStore(name)));
  return {
    all: () => run("readonly", store => store.getAll()),
    put: value => run("readwrite", store => store.put(value)),
    delete: id => run("readwrite", store => store.delete(id)),
  };
}

/** Jobs that this browser started and whose images it does not have yet, with the settings that the server does not repeat. */
export const jobs = table("jobs");

/** Images with the settings that they were made by. */
export const images = table("images");
